"""Unsent texts survive: whole, private, and without ever keeping the desk from starting."""

from pathlib import Path

import pytest

from operator_console.tui.draft_file import MOST_TEXTS, DraftFile

pytestmark = pytest.mark.unit


def test_what_is_written_is_read(tmp_path: Path) -> None:
    DraftFile(tmp_path / "state").write({"reply:c1": "Hällo\n田"})
    assert DraftFile(tmp_path / "state").read() == {"reply:c1": "Hällo\n田"}


def test_nothing_kept_is_nothing_read(tmp_path: Path) -> None:
    assert DraftFile(tmp_path).read() == {}


def test_only_the_owner_may_read_it(tmp_path: Path) -> None:
    DraftFile(tmp_path).write({"reply:c1": "x"})
    assert (tmp_path / "drafts.json").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("damage", [b"", b"{", b"[1]", b'{"a": 1}', b"\xff\xfe"])
def test_a_damaged_file_is_kept_aside_and_the_desk_starts(tmp_path: Path, damage: bytes) -> None:
    (tmp_path / "drafts.json").write_bytes(damage)
    assert DraftFile(tmp_path).read() == {}
    assert (tmp_path / "drafts.damaged.json").read_bytes() == damage


def test_a_write_that_fails_leaves_the_old_file_and_no_rubbish(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = DraftFile(tmp_path)
    file.write({"reply:c1": "old"})

    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        file.write({"reply:c1": "new"})
    assert file.read() == {"reply:c1": "old"}
    assert [path.name for path in tmp_path.iterdir()] == ["drafts.json"]


def test_the_newest_texts_are_kept(tmp_path: Path) -> None:
    file = DraftFile(tmp_path)
    file.write({f"reply:c{n}": "x" for n in range(MOST_TEXTS + 50)})
    kept = file.read()
    assert len(kept) == MOST_TEXTS
    assert f"reply:c{MOST_TEXTS + 49}" in kept

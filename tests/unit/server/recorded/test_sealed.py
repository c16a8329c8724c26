"""Sealed recordings: what was said comes back, nothing can be changed unseen, a crash loses its last part alone."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.recorded.keys import Keys, KeysError, make_keys, parse_keys, with_new_key
from server.recorded.reading import RecordingReader, wav_header
from server.recorded.sealed import HEADER_BYTES, SUFFIX, SealedError, SealedFile, rewrap
from server.storage.recordings import FolderOfRecordings
from server.wire.terms import SessionId

pytestmark = pytest.mark.unit

SECOND = 32_000
PARTS = [bytes([number]) * SECOND for number in (1, 2, 3)]
KEYS = with_new_key(None, "first")


def sealed(folder: Path, parts: list[bytes] = PARTS, keys: Keys = KEYS, *, close: bool = True) -> Path:
    path = folder / f"s_1{SUFFIX}"
    file = SealedFile(path, 8_000, 2, keys)
    for part in parts:
        file.append(part)
    if close:
        file.close()
    return path


def read(path: Path, keys: Keys | None = KEYS) -> bytes:
    with RecordingReader(path, keys) as reader:
        return b"".join(reader.parts(0, reader.size))


def test_what_was_said_comes_back_as_a_wav_and_lies_there_for_nobody_to_read(tmp_path: Path) -> None:
    path = sealed(tmp_path)
    said = b"".join(PARTS)
    assert read(path) == wav_header(8_000, 2, len(said)) + said
    raw = path.read_bytes()
    assert all(part[:64] not in raw for part in PARTS)
    assert path.stat().st_mode & 0o777 == 0o600
    with RecordingReader(path, KEYS) as reader:
        assert (reader.seconds, reader.closed_well, reader.key) == (3.0, True, "first")


@given(st.integers(0, 3 * SECOND + 60), st.integers(0, 3 * SECOND + 60))
def test_any_stretch_can_be_read_by_itself(tmp_path_factory: pytest.TempPathFactory, offset: int, count: int) -> None:
    folder = tmp_path_factory.getbasetemp() / "stretches"
    folder.mkdir(exist_ok=True)
    path = folder / f"s_1{SUFFIX}"
    if not path.exists():
        sealed(folder)
    whole = wav_header(8_000, 2, 3 * SECOND) + b"".join(PARTS)
    with RecordingReader(path, KEYS) as reader:
        assert b"".join(reader.parts(offset, count)) == whole[offset : offset + count]


@pytest.mark.parametrize("lost", [1, 20, SECOND, SECOND + 28])
def test_a_crash_loses_the_part_it_was_writing_and_nothing_else_and_the_recording_goes_on(
    tmp_path: Path, lost: int
) -> None:
    path = sealed(tmp_path, close=False)
    os.truncate(path, path.stat().st_size - lost)
    with RecordingReader(path, KEYS) as reader:
        assert not reader.closed_well
        assert reader.torn_bytes == SECOND + 32 - lost
    assert read(path)[44:] == b"".join(PARTS[:2])
    again = SealedFile(path, 8_000, 2, KEYS)
    again.append(PARTS[2])
    again.close()
    assert read(path)[44:] == b"".join(PARTS)


def test_what_goes_on_after_a_crash_is_not_followed_by_what_was_half_written(tmp_path: Path) -> None:
    path = sealed(tmp_path, close=False)
    os.truncate(path, path.stat().st_size - 1)
    again = SealedFile(path, 8_000, 2, KEYS)
    again.append(b"short")
    with RecordingReader(path, KEYS) as reader:
        assert reader.torn_bytes == 0
    again.close()
    assert read(path)[44:] == b"".join([*PARTS[:2], b"short"])


def test_a_recording_that_was_closed_is_gone_on_with(tmp_path: Path) -> None:
    sealed(tmp_path, PARTS[:1])
    assert read(sealed(tmp_path, PARTS[1:]))[44:] == b"".join(PARTS)


@pytest.mark.parametrize("where", ["first", "last", "swapped", "dropped"])
def test_what_was_changed_moved_or_left_out_is_refused(tmp_path: Path, where: str) -> None:
    path = sealed(tmp_path)
    raw = path.read_bytes()
    size = SECOND + 32
    parts = [raw[HEADER_BYTES + number * size :][:size] for number in range(3)]
    end = raw[HEADER_BYTES + 3 * size :]
    if where in {"first", "last"}:
        at = 0 if where == "first" else 2
        parts[at] = parts[at][:100] + bytes([parts[at][100] ^ 1]) + parts[at][101:]
    elif where == "swapped":
        parts = [parts[1], parts[0], parts[2]]
    else:
        parts = [parts[0], parts[2]]
    path.write_bytes(raw[:HEADER_BYTES] + b"".join(parts) + end)
    with pytest.raises(SealedError, match=r"was changed or damaged"):
        read(path)


def test_a_part_of_another_recording_does_not_fit(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    path, other = sealed(tmp_path), sealed(tmp_path / "other")
    size = SECOND + 32
    raw, foreign = path.read_bytes(), other.read_bytes()
    path.write_bytes(raw[:HEADER_BYTES] + foreign[HEADER_BYTES : HEADER_BYTES + size] + raw[HEADER_BYTES + size :])
    with pytest.raises(SealedError):
        read(path)


def test_with_the_wrong_key_or_none_the_error_says_which_is_needed(tmp_path: Path) -> None:
    path = sealed(tmp_path)
    with pytest.raises(SealedError, match=r"sealed with the key first, which is not among .* \(second\)"):
        read(path, with_new_key(None, "second"))
    with pytest.raises(SealedError, match=r"The key first is not the one"):
        read(path, with_new_key(None, "first"))
    with pytest.raises(SealedError, match=r"there are no keys"):
        read(path, None)


def test_after_a_rotation_the_new_key_opens_it_and_the_old_one_does_not(tmp_path: Path) -> None:
    path = sealed(tmp_path)
    both = with_new_key(KEYS, "second")
    body = path.read_bytes()[HEADER_BYTES:]
    assert rewrap(path, both)
    assert not rewrap(path, both), "it is done"
    assert path.read_bytes()[HEADER_BYTES:] == body, "what was said is not touched"
    assert read(path, Keys("second", {"second": both.known["second"]}))[44:] == b"".join(PARTS)
    with pytest.raises(SealedError):
        read(path, KEYS)


@given(st.binary(max_size=2_000))
def test_any_other_file_is_refused_with_a_sentence(tmp_path_factory: pytest.TempPathFactory, raw: bytes) -> None:
    for name in (f"s_1{SUFFIX}", "s_1.wav"):
        path = tmp_path_factory.getbasetemp() / name
        path.write_bytes(raw)
        with pytest.raises(SealedError):
            read(path)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "no key"),
        ("a short", "malformed"),
        ("a " + "A" * 44, "malformed"),
        ("one\n", "malformed"),
        (KEYS.text().reveal() * 2, "twice"),
    ],
    ids=["empty", "short", "of zeros", "a name alone", "twice"],
)
def test_malformed_keys_are_refused(text: str, why: str) -> None:
    with pytest.raises(KeysError, match=why):
        parse_keys(text)


def test_the_keys_file_is_made_once_for_its_owner_alone_and_its_keys_are_never_shown(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    made = make_keys(path, "a")
    assert make_keys(path, "b") == made
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.read_text().split()[1] not in repr(made)
    path.chmod(0o644)
    with pytest.raises(KeysError, match="chmod 600"):
        make_keys(path, "a")


def test_a_call_and_a_voicemail_are_erased_together_and_each_kind_is_kept_for_its_time(tmp_path: Path) -> None:
    from datetime import UTC, datetime, timedelta  # noqa: PLC0415

    for name in ("s_1", "s_1-voicemail", "s_10"):
        (tmp_path / f"{name}{SUFFIX}").write_bytes(b"")
    shelf = FolderOfRecordings(tmp_path, 30, KEYS, keep_voicemail_days=5)
    later = datetime.now(UTC) + timedelta(days=6)
    assert shelf.forget_old(later, 10) == 1
    assert not shelf.has("s_1-voicemail")
    assert shelf.erase(SessionId("s_1")) == 1
    assert [path.name for path in shelf.files()] == [f"s_10{SUFFIX}"]

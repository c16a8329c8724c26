"""Canned replies lie beside the configuration, and a file that can't be used is named."""

import re
from pathlib import Path

import pytest

from operator_console.cli.reply_files import MOST_BYTES, load
from operator_console.config import ConfigError

pytestmark = pytest.mark.unit


def write(path: Path, text: str) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")


def test_no_file_is_no_reply(tmp_path: Path) -> None:
    assert load(tmp_path / "nowhere") == ()


def test_replies_come_from_the_one_file_and_from_the_folder_by_name(tmp_path: Path) -> None:
    write(tmp_path / "replies.toml", "[bye]\ntext = 'Bye.'\n")
    write(tmp_path / "replies" / "b.toml", "[b]\ntext = 'B.'\n")
    write(tmp_path / "replies" / "a.toml", "[a]\ntext = 'A.'\n")
    write(tmp_path / "replies" / "notes.txt", "no TOML")
    assert [reply.name for reply in load(tmp_path)] == ["bye", "a", "b"]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"[bye]\ntext = 'Again.'\n", "[bye]: this name is taken already"),
        (b"[note]\ntext = 'x'\n", "[note]: this name is taken already"),
        (b"\xff", "not text in UTF-8"),
        (b"#" * (MOST_BYTES + 1), "larger than"),
    ],
    ids=["twice", "a command", "no text", "too large"],
)
def test_a_file_that_can_not_be_used_is_named(tmp_path: Path, content: bytes, says: str) -> None:
    write(tmp_path / "replies.toml", "[bye]\ntext = 'Bye.'\n")
    wrong = tmp_path / "replies" / "x.toml"
    write(wrong, "")
    wrong.write_bytes(content)
    with pytest.raises(ConfigError, match=re.escape(f"{wrong}: ")) as refused:
        load(tmp_path, taken=["note"])
    assert says in str(refused.value)

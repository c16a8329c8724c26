"""Files are saved whole or not at all, under harmless names, and never over another one."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from operator_console.client.moving import opened, pieces_of, saved
from server.wire.views import FileView

pytestmark = pytest.mark.unit


async def bytes_of(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


def quiet(_done: int, _size: int) -> None:
    """Hear nothing."""


@pytest.mark.parametrize("name", ["../../x.txt", "/etc/passwd", ".bashrc", "\x1b[2J.png", "", "a" * 4_000 + ".txt"])
async def test_a_hostile_name_stays_in_the_folder(name: str, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    path = await saved(bytes_of(b"abc"), FileView(name=name, size=3), folder, quiet)
    assert path.parent == folder
    assert path.read_bytes() == b"abc"
    assert not path.name.startswith(".")
    assert "\x1b" not in path.name
    assert list(tmp_path.iterdir()) == [folder]


async def test_nothing_is_overwritten_not_even_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("mine")
    (tmp_path / "a.txt").symlink_to(tmp_path / "secret")
    (tmp_path / "a (2).txt").write_text("two")
    path = await saved(bytes_of(b"abc"), FileView(name="a.txt", size=3), tmp_path, quiet)
    assert path.name == "a (3).txt"
    assert (tmp_path / "secret").read_text() == "mine"


async def test_what_breaks_off_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="2 of 3 bytes"):
        await saved(bytes_of(b"ab"), FileView(name="a.txt", size=3), tmp_path, quiet)
    assert list(tmp_path.iterdir()) == []


async def test_a_pipe_is_not_waited_for_and_a_shrunken_file_is_noticed(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="not an ordinary file"):
        opened(tmp_path / "pipe")
    path = tmp_path / "note.txt"
    path.write_bytes(b"12345")
    file, size = opened(path)
    path.write_bytes(b"12")
    with file, pytest.raises(OSError, match="shorter"):
        assert [piece async for piece in pieces_of(file, size, quiet)]

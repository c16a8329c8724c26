"""Read files that are sent and write files that are saved, piece by piece, so that a long one holds up nothing.

Names from outside are made harmless here once more: a file is saved in the folder the operator chose, under a name of
one line that is no path, and never over another file.
"""

import asyncio
import os
import stat
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final

from operator_console.model.clean import clean_file
from server.wire.errors import ErrorBody
from server.wire.views import FileView

if TYPE_CHECKING:
    from operator_console.model.inputs import Told

PIECE_BYTES: Final = 64 * 1024
MOST_NAMES: Final = 1_000
"""How many numbers are tried behind a name that is taken."""
LONGEST_NAME_BYTES: Final = 200


def opened(path: Path) -> tuple[BinaryIO, int]:
    """Return an ordinary file, open for reading, and its size.

    Raises:
        OSError: it is not there, can't be read, or is a folder, a pipe or a device.
    """
    file = os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb")
    found = os.fstat(file.fileno())
    if not stat.S_ISREG(found.st_mode):
        file.close()
        raise OSError(0, "it is not an ordinary file")
    return file, found.st_size


async def pieces_of(file: BinaryIO, size: int, told: "Told") -> AsyncIterator[bytes]:
    """Yield the bytes of a file, `size` of them whatever is appended meanwhile, and tell how far it is."""
    sent = 0
    told(0, size)
    while sent < size:
        piece = await asyncio.to_thread(file.read, min(PIECE_BYTES, size - sent))
        if not piece:
            raise OSError(0, "it became shorter while it was read")
        yield piece
        sent += len(piece)
        told(sent, size)


async def saved(pieces: AsyncIterator[bytes], file: FileView, folder: Path, told: "Told") -> Path:
    """Write the pieces into a new file of mode 600 and return its path; nothing stays when it breaks off.

    Raises:
        OSError: the folder can't be written, the disk is full, or bytes are missing.
    """
    path, out = await asyncio.to_thread(_new_file, folder, clean_file(file).name)
    whole, got = False, 0
    try:
        async for piece in pieces:
            got += len(piece)
            await asyncio.to_thread(out.write, piece)
            told(got, file.size)
        if got != file.size:
            raise OSError(0, f"{got} of {file.size} bytes came")
        await asyncio.to_thread(out.flush)
        whole = True
    finally:
        out.close()
        if not whole:
            await asyncio.to_thread(path.unlink, missing_ok=True)
    return path


async def written(pieces: AsyncIterator[bytes], path: Path) -> None:
    """Write the pieces into a file that was not there, mode 600; nothing stays when it breaks off.

    Raises:
        OSError: it is there, or the disk refuses.
    """
    out = await asyncio.to_thread(os.open, path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    whole = False
    try:
        with os.fdopen(out, "wb") as file:
            async for piece in pieces:
                await asyncio.to_thread(file.write, piece)
        whole = True
    finally:
        if not whole:
            await asyncio.to_thread(path.unlink, missing_ok=True)


def _new_file(folder: Path, name: str) -> tuple[Path, BinaryIO]:
    """Return a file that was not there before: `photo.png`, `photo (2).png`, ..."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    dot = name.rfind(".")
    stem, end = (name[:dot], name[dot:]) if dot > 0 and len(name) - dot <= 12 else (name, "")
    stem = stem.encode()[:LONGEST_NAME_BYTES].decode("utf-8", "ignore")
    for number in range(1, MOST_NAMES):
        path = folder / (f"{stem} ({number}){end}" if number > 1 else f"{stem}{end}")
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        except FileExistsError:
            continue
        return path, os.fdopen(handle, "wb")
    raise OSError(0, f"{MOST_NAMES} files of this name are there already")


def unreadable(path: Path, error: OSError) -> ErrorBody:
    """Return the refusal of a file that can't be read."""
    why = error.strerror or str(error)
    return ErrorBody("file_unreadable", f"{path} can't be sent: {why}.", "Check the path; nothing was sent.")


def not_saved(file: FileView, folder: Path, error: OSError) -> ErrorBody:
    """Return the refusal of a file that can't be written."""
    why = error.strerror or str(error)
    return ErrorBody("file_not_saved", f"{file.name} can't be saved in {folder}: {why}.", "Choose another folder.")

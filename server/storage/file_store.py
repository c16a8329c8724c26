"""Keep files in a folder of the data directory: named by their hash, readable by the broker's user alone.

Nothing that came from outside is ever part of a path. Before: pieces of an upload. After: one file of mode 600 under
`files/<hash of the organisation>/<first two digits>/<hash of the bytes>`, on the disk before it is named.
"""

import asyncio
import errno
import hashlib
import os
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import BinaryIO, Final

from server.broker.ports.files import Taken
from server.core.errors import ProviderError
from server.core.files import HEAD_BYTES
from server.wire.terms import OrganisationId

PIECE_BYTES: Final = 256 * 1024
_HASH_DIGITS: Final = 64


class DiskFiles:
    """The folder `files` of one data directory."""

    def __init__(self, root: Path) -> None:
        """Name the folder; it is made when the first file comes."""
        self._root: Final = root
        self._coming: Final = root / "coming"

    async def take(self, pieces: AsyncIterator[bytes], most_bytes: int) -> Taken | None:
        """Write the pieces into a file of its own, hashing as they come; None when they are too many.

        Raises:
            ProviderError: `disk_full`, `files_unavailable`.
        """
        digest, size, head = hashlib.sha256(), 0, b""
        try:
            file = await asyncio.to_thread(self._open)
            whole = False
            try:
                async for piece in pieces:
                    size += len(piece)
                    if size > most_bytes:
                        return None
                    digest.update(piece)
                    head = head if len(head) >= HEAD_BYTES else (head + piece)[:HEAD_BYTES]
                    await asyncio.to_thread(file.write, piece)
                await asyncio.to_thread(_settle, file)
                whole = True
            finally:
                file.close()
                if not whole:
                    await asyncio.to_thread(Path(file.name).unlink, missing_ok=True)
        except OSError as error:
            raise _unavailable(error) from error
        return Taken(digest.hexdigest(), size, head, file.name)

    async def keep(self, organisation_id: OrganisationId, taken: Taken) -> None:
        """Move what was taken to its place.

        Raises:
            ProviderError: `disk_full`, `files_unavailable`.
        """
        try:
            await asyncio.to_thread(self._keep, self._path(organisation_id, taken.sha256), Path(taken.place))
        except OSError as error:
            raise _unavailable(error) from error

    async def forget(self, taken: Taken) -> None:
        """Drop what was taken."""
        await asyncio.to_thread(Path(taken.place).unlink, missing_ok=True)

    def read(self, organisation_id: OrganisationId, sha256: str) -> AsyncIterator[bytes] | None:
        """Return the bytes in pieces; None when they are not there."""
        try:
            file = self._path(organisation_id, sha256).open("rb")
        except OSError:
            return None
        return _pieces(file)

    async def erase(self, organisation_id: OrganisationId, sha256: str) -> None:
        """Remove the bytes."""
        await asyncio.to_thread(self._path(organisation_id, sha256).unlink, missing_ok=True)

    def _open(self) -> BinaryIO:
        self._coming.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=self._coming)  # mode 600
        os.close(handle)
        return Path(name).open("wb")

    @staticmethod
    def _keep(path: Path, coming: Path) -> None:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        coming.replace(path)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def _path(self, organisation_id: OrganisationId, sha256: str) -> Path:
        if len(sha256) != _HASH_DIGITS or not set(sha256) <= set("0123456789abcdef"):
            raise ValueError("a hash is 64 digits of base 16")
        organisation = hashlib.sha256(organisation_id.encode()).hexdigest()[:24]
        return self._root / organisation / sha256[:2] / sha256


def _settle(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


async def _pieces(file: BinaryIO) -> AsyncIterator[bytes]:
    try:
        while piece := await asyncio.to_thread(file.read, PIECE_BYTES):
            yield piece
    finally:
        file.close()


def _unavailable(error: OSError) -> ProviderError:
    """Return the refusal of a disk that can't take the file; nothing of it is there."""
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return ProviderError("disk_full", "The broker's disk is full; the file was not kept.", "Send it again later.")
    return ProviderError(
        "files_unavailable", f"The file could not be kept: {error.strerror}.", "Look at the broker's data directory."
    )

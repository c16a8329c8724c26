"""Keep the bytes of files by what they are: one copy for each organisation and content."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Protocol

from server.wire.terms import OrganisationId


@dataclass(frozen=True, slots=True)
class Taken:
    """Bytes that were written down but not kept yet: their hash, length and beginning, and where they lie."""

    sha256: str
    size: int
    head: bytes
    place: str


class FileStore(Protocol):
    """The bytes of files. Adapter: `server.storage.file_store.DiskFiles`."""

    async def take(self, pieces: AsyncIterator[bytes], most_bytes: int) -> Taken | None:
        """Write down what comes, on the disk when this returns; None when it is longer than `most_bytes`.

        Raises:
            ProviderError: `disk_full`, `files_unavailable`.
        """
        ...

    async def keep(self, organisation_id: OrganisationId, taken: Taken) -> None:
        """Give what was taken its place; bytes that are there already are kept once.

        Raises:
            ProviderError: `disk_full`, `files_unavailable`.
        """
        ...

    async def forget(self, taken: Taken) -> None:
        """Drop what was taken and is not wanted."""
        ...

    def read(self, organisation_id: OrganisationId, sha256: str) -> AsyncIterator[bytes] | None:
        """Return the bytes in pieces; None when they are not there."""
        ...

    async def erase(self, organisation_id: OrganisationId, sha256: str) -> None:
        """Remove the bytes; no harm when they are not there."""
        ...

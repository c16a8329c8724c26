"""The bytes of files in memory."""

import hashlib
from collections.abc import AsyncIterator

from server.broker.ports.files import Taken
from server.core.files import HEAD_BYTES
from server.wire.terms import OrganisationId


class MemoryFiles:
    """Fulfils `FileStore`."""

    def __init__(self) -> None:
        self.kept: dict[tuple[OrganisationId, str], bytes] = {}
        self.coming: dict[str, bytes] = {}

    async def take(self, pieces: AsyncIterator[bytes], most_bytes: int) -> Taken | None:
        whole = b""
        async for piece in pieces:
            whole += piece
            if len(whole) > most_bytes:
                return None
        place = f"coming-{len(self.coming)}"
        self.coming[place] = whole
        return Taken(hashlib.sha256(whole).hexdigest(), len(whole), whole[:HEAD_BYTES], place)

    async def keep(self, organisation_id: OrganisationId, taken: Taken) -> None:
        self.kept[organisation_id, taken.sha256] = self.coming.pop(taken.place)

    async def forget(self, taken: Taken) -> None:
        self.coming.pop(taken.place, None)

    def read(self, organisation_id: OrganisationId, sha256: str) -> AsyncIterator[bytes] | None:
        whole = self.kept.get((organisation_id, sha256))
        return None if whole is None else _pieces(whole)

    async def erase(self, organisation_id: OrganisationId, sha256: str) -> None:
        self.kept.pop((organisation_id, sha256), None)


async def _pieces(whole: bytes) -> AsyncIterator[bytes]:
    yield whole

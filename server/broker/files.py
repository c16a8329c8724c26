"""Take files in, give them out, and drop them when their time is over.

Bytes are stored before their row, and erased before it: a row without bytes says so, bytes without a row are none's.
Before: somebody of the conversation sends bytes. After: a message may carry them, and the other side may fetch them.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import PurePosixPath
from typing import Final

import msgspec

from server.broker.conversations import load_conversation
from server.broker.parts import Parts
from server.broker.ports.records import KeptFile, Principal
from server.broker.ports.store import Unit
from server.core.errors import CallerError, ConflictError, NotFoundError
from server.core.files import check_kind, kind_of, too_large
from server.core.session import IN_HAND_STATES
from server.wire.requests import Link
from server.wire.sanitize import clean_line
from server.wire.terms import ConversationId, FileId, OperatorId, OrganisationId
from server.wire.views import FileView

UNUSED_HOURS: Final = 24
"""How long a file waits for a message that carries it."""
MOST_FILES: Final = 10
"""How many files and links one message may carry."""
MOST_AT_ONCE: Final = 200
"""How many files one transaction drops."""


@dataclass(frozen=True, slots=True)
class Download:
    """A file on its way out."""

    view: FileView
    pieces: AsyncIterator[bytes]


class Files:
    """What happens to files."""

    def __init__(self, parts: Parts) -> None:
        """Work on these parts."""
        self._parts = parts
        self._placing = asyncio.Lock()

    async def upload(
        self, principal: Principal, conversation_id: ConversationId, name: str, pieces: AsyncIterator[bytes]
    ) -> FileView:
        """Keep the bytes and return the file that a message may carry.

        Raises:
            NotFoundError: `no_such_conversation`.
            CallerError: `file_too_large`, `file_type_refused`, `file_empty`.
            ConflictError: `conversation_ended`, `not_yours`.
            ProviderError: `disk_full`, `files_unavailable`.
        """
        await self._parts.database.read(lambda unit: self._check_open(unit, principal, conversation_id))
        return await self._keep(principal.organisation_id, conversation_id, name, pieces, principal.id)

    async def bring_in(
        self, organisation_id: OrganisationId, conversation_id: ConversationId, name: str, pieces: AsyncIterator[bytes]
    ) -> FileView:
        """Keep a file of a customer's message; the message carries it from the start.

        Raises:
            CallerError: `file_too_large`, `file_type_refused`, `file_empty`.
            ProviderError: `disk_full`, `files_unavailable`.
        """
        return await self._keep(organisation_id, conversation_id, name, pieces, "")

    async def _keep(
        self,
        organisation_id: OrganisationId,
        conversation_id: ConversationId,
        name: str,
        pieces: AsyncIterator[bytes],
        uploaded_by: str,
    ) -> FileView:
        """Keep bytes by the rules; what nobody uploaded belongs to its message at once."""
        rules = self._parts.file_rules
        taken = await self._parts.files.take(pieces, rules.most_bytes)
        if taken is None:
            raise too_large(rules)
        placed = False
        try:
            if not taken.size:
                raise CallerError("file_empty", "The file is empty.", "Choose another one.")
            kind = kind_of(taken.head)
            check_kind(kind, rules)
            file = KeptFile(
                id=FileId(self._parts.new_id("f")),
                organisation_id=organisation_id,
                conversation_id=conversation_id,
                name=self._parts.redactor.redact(organisation_id, safe_name(name)),
                media_type=kind,
                size=taken.size,
                sha256=taken.sha256,
                at=self._parts.clock.now(),
                uploaded_by=uploaded_by,
                attached=not uploaded_by,
            )
            async with self._placing:
                await self._parts.files.keep(organisation_id, taken)
                placed = True
                await self._parts.database.run(lambda unit: unit.files.insert(file))
        finally:
            if not placed:
                await self._parts.files.forget(taken)
        return view_of(file)

    def _check_open(self, unit: Unit, principal: Principal, conversation_id: ConversationId) -> None:
        """Refuse a file for a conversation that is over, or of an operator who does not have it in hand."""
        conversation = load_conversation(unit, principal, conversation_id)
        if conversation.ended_at is not None:
            raise ConflictError("conversation_ended", "The conversation has ended.", "Start a new one.")
        if principal.operator is None:
            return
        open_session = conversation.session_id
        session = unit.sessions.load(principal.organisation_id, open_session) if open_session else None
        if session is None or session.state not in IN_HAND_STATES or session.operator_id != OperatorId(principal.id):
            raise ConflictError("not_yours", "This conversation is not in your hands.", "Accept it first.")

    async def download(self, principal: Principal, file_id: FileId) -> Download:
        """Return a file of the principal's organisation (and, for an assistant's key, of its conversations).

        Raises:
            NotFoundError: `no_such_file`; `file_gone`: its bytes are not kept any more.
        """

        def work(unit: Unit) -> KeptFile | None:
            file = unit.files.load(principal.organisation_id, file_id)
            if file is not None:
                load_conversation(unit, principal, file.conversation_id)
            return file

        file = await self._parts.database.read(work)
        if file is None:
            raise no_such_file()
        pieces = self._parts.files.read(file.organisation_id, file.sha256)
        if pieces is None:
            raise NotFoundError("file_gone", f"{file.name} is not kept any more.", "Ask for it again.")
        return Download(view_of(file), pieces)

    async def sweep(self) -> int:
        """Drop what is older than it may be, and what no message ever carried; return how many files that was."""
        now = self._parts.clock.now()
        kept_after = now - timedelta(days=self._parts.file_rules.keep_days)
        unused_after = now - timedelta(hours=UNUSED_HOURS)
        dropped = 0
        while old := await self._parts.database.read(
            lambda unit: list(unit.files.expired(kept_after, unused_after, MOST_AT_ONCE))
        ):
            for file in old:
                await self._drop(file)
            dropped += len(old)
        return dropped

    async def drop_bytes(self, file: KeptFile) -> None:
        """Drop the bytes of a file whose row is gone, unless another file has the same."""
        async with self._placing:
            await self._erase_unshared(file)

    async def _erase_unshared(self, file: KeptFile) -> None:
        if not await self._parts.database.read(lambda unit: unit.files.shares_bytes(file)):
            await self._parts.files.erase(file.organisation_id, file.sha256)

    async def _drop(self, file: KeptFile) -> None:
        async with self._placing:
            await self._erase_unshared(file)
            await self._parts.database.run(lambda unit: unit.files.delete(file.organisation_id, file.id))


def attached(
    unit: Unit,
    organisation_id: OrganisationId,
    conversation_id: ConversationId,
    file_ids: tuple[FileId, ...],
    links: tuple[Link, ...] = (),
) -> tuple[FileView, ...]:
    """Return what a new message carries, and mark its files as used.

    Raises:
        CallerError: `too_many_files`, `bad_link`.
        NotFoundError: `no_such_file`: none of this conversation.
    """
    if len(file_ids) + len(links) > MOST_FILES:
        raise CallerError("too_many_files", f"A message carries at most {MOST_FILES} files.", "Send several messages.")
    views: list[FileView] = []
    for file_id in dict.fromkeys(file_ids):
        file = unit.files.load(organisation_id, file_id)
        if file is None or file.conversation_id != conversation_id:
            raise no_such_file()
        unit.files.save(msgspec.structs.replace(file, attached=True))
        views.append(view_of(file))
    return (*views, *map(_link, links))


def _link(link: Link) -> FileView:
    """Return a link as a message carries it; the broker never opens it."""
    url = link.url.strip()
    harmless = url.isascii() and url.isprintable() and " " not in url
    if not (harmless and url.startswith(("https://", "http://")) and len(url) > len("https://")):
        raise CallerError("bad_link", "A link is a whole address of http or https.", "Encode what is not ASCII in it.")
    return FileView(name=clean_line(link.name, 120), url=url)


def safe_name(name: str) -> str:
    """Return what a file may be called: one harmless line, no folder, never hidden, not empty."""
    last = PurePosixPath(name.replace("\\", "/").replace("\0", "")).name
    cleaned = clean_line(last, 120).replace("/", "_").replace(":", "_").strip(" .")
    return cleaned or "file"


def view_of(file: KeptFile) -> FileView:
    """Return what is shown of a file."""
    return FileView(id=file.id, name=file.name, media_type=file.media_type, size=file.size)


def no_such_file() -> NotFoundError:
    """Return the refusal for a file that is not there, or not this principal's."""
    return NotFoundError("no_such_file", "There is no such file.", "Upload it first.")

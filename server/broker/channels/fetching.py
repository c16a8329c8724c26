"""Fetch the files that come with customers' messages: the message is there first, each file follows by itself.

Before: `events` has appended a message whose files are `coming`. After: each is here, gone or refused, visibly.
"""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Final

import msgspec

from server.broker.files import MOST_FILES, Files, safe_name
from server.broker.going_out import write
from server.broker.parts import Parts
from server.broker.ports.channels import Account, ChannelEvent, Fetches, RemoteFile, SendError, SendProblem
from server.broker.ports.records import Job
from server.broker.ports.store import Unit
from server.core.errors import CallerError, HandoffError
from server.log import get_log
from server.wire.sanitize import clean_line
from server.wire.terms import FileState, MessageId
from server.wire.views import FileView, MessageView

FETCH_FILE: Final = "channel_file"
"""The kind of outbox job that brings in one file."""
PAUSES_SECONDS: Final = (2.0, 5.0, 30.0, 120.0, 600.0, 3600.0)
"""Between attempts; after the last one the file is gone."""
FETCH_SECONDS: Final = 120.0
AT_ONCE: Final = 4
_log = get_log(__name__)


class FetchJob(msgspec.Struct, frozen=True, kw_only=True):
    """The body of a `channel_file` job."""

    account: str
    file: RemoteFile
    message_id: MessageId
    index: int


def expect_files(parts: Parts, account: Account, event: ChannelEvent) -> tuple[FileView, ...]:
    """Return what a new message shows of its files before they are here."""
    return tuple(
        FileView(
            name=parts.redactor.redact(account.organisation_id, safe_name(file.name)),
            media_type=clean_line(file.media_type, 80),
            size=max(file.size or 0, 0),
            state=FileState.COMING if isinstance(account.channel, Fetches) else FileState.REFUSED,
        )
        for file in event.files[:MOST_FILES]
    )


def add_jobs(unit: Unit, parts: Parts, account: Account, event: ChannelEvent, view: MessageView) -> None:
    """Have the files of a new message fetched, each by itself."""
    if not isinstance(account.channel, Fetches):
        return
    for index, file in enumerate(event.files[:MOST_FILES]):
        job = FetchJob(account=account.name, file=file, message_id=view.id, index=index)
        lane = f"file:{view.id}:{index}"
        unit.ledger.add_job(account.organisation_id, lane, FETCH_FILE, msgspec.json.encode(job), parts.clock.now())


class Fetching:
    """Whoever fetches files."""

    def __init__(self, parts: Parts, files: Files) -> None:
        """Work on these parts; `run_due` tries what is due of the accounts that this broker holds."""
        self._parts = parts
        self._files = files

    async def run_due(self, held: frozenset[str]) -> int:
        """Fetch every file that is due, and return how many were tried."""
        tried = 0
        while jobs := await self._parts.database.read(lambda unit: self._due(unit, held)):
            await asyncio.gather(*(self._try(job) for job in jobs))
            tried += len(jobs)
        return tried

    def _due(self, unit: Unit, held: frozenset[str]) -> list[Job]:
        due = unit.ledger.due_jobs(FETCH_FILE, self._parts.clock.now(), 16 * AT_ONCE)
        return [job for job in due if _body(job).account in held or _body(job).account not in self._parts.channels][
            :AT_ONCE
        ]

    async def _try(self, job: Job) -> None:
        wanted = _body(job)
        try:
            async with asyncio.timeout(FETCH_SECONDS):
                found = await self._fetched(job, wanted)
        except TimeoutError:
            found = None
        except SendError as error:
            found = _end_of(error)
        except CallerError as error:
            _log.info("channel_file_refused", account=wanted.account, code=error.code)
            found = FileState.REFUSED
        except HandoffError as error:
            _log.warning("channel_file_not_kept", account=wanted.account, code=error.code)
            found = None
        if found is None and job.attempts < len(PAUSES_SECONDS):
            due_at = self._parts.clock.now() + timedelta(seconds=PAUSES_SECONDS[job.attempts])
            await self._parts.database.run(lambda unit: unit.ledger.postpone_job(job.id, due_at, "not fetched"))
            return
        await self._parts.database.run(lambda unit: self._settle(unit, job, wanted, found or FileState.GONE))

    async def _fetched(self, job: Job, wanted: FetchJob) -> FileView | FileState:
        """Return the file, kept; or what became of it."""
        account = self._parts.channels.get(wanted.account)
        if account is None or not isinstance(account.channel, Fetches):
            return FileState.GONE
        message = await self._parts.database.read(
            lambda unit: unit.conversations.message(job.organisation_id, wanted.message_id)
        )
        if message is None or message.deleted_at is not None:
            return FileState.GONE
        if (wanted.file.size or 0) > self._parts.file_rules.most_bytes:
            return FileState.REFUSED
        pieces: AsyncIterator[bytes] = account.channel.fetch(wanted.file)
        return await self._files.bring_in(job.organisation_id, message.conversation_id, wanted.file.name, pieces)

    def _settle(self, unit: Unit, job: Job, wanted: FetchJob, found: FileView | FileState) -> None:
        """Show on the message what became of its file."""
        unit.ledger.finish_job(job.id)
        message = unit.conversations.message(job.organisation_id, wanted.message_id)
        if message is None or wanted.index >= len(message.files):
            return
        files = list(message.files)
        expected = files[wanted.index]
        if isinstance(found, FileState):
            files[wanted.index] = msgspec.structs.replace(expected, state=found)
        else:
            files[wanted.index] = found
        write(unit, job.organisation_id, msgspec.structs.replace(message, files=tuple(files)))


def _body(job: Job) -> FetchJob:
    return msgspec.json.decode(job.body, type=FetchJob)


def _end_of(error: SendError) -> FileState | None:
    """Return what a failure means for the file; None: it is tried again."""
    if error.problem is SendProblem.GONE:
        return FileState.GONE
    if error.problem is SendProblem.INVALID:
        return FileState.REFUSED
    return None

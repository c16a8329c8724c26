"""Stream recordings of calls and voicemails, whole or in ranges (RFC 9110 section 14), to those who may listen."""

import re
from collections.abc import Iterator
from typing import Final

from litestar import Controller, get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from litestar.response import Stream

from server.api.auth import require
from server.api.conversations import BrokerDependency, PrincipalDependency
from server.api.errors import AnyRequest
from server.api.sessions import find_session
from server.broker.broker import Broker
from server.broker.ports.recordings import OpenRecording
from server.core.errors import CallerError
from server.core.permissions import Action

WAV: Final = "audio/wav"
_RANGE: Final = re.compile(r"bytes=(\d{0,15})-(\d{0,15})")
_HEADERS: Final = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "Accept-Ranges": "bytes"}


class RecordingsOfSessions(Controller):
    """What was said, to listen to."""

    path = "/v1"
    tags = ("sessions",)

    @get("/sessions/{reference:str}/recording", summary="The recording of a call", media_type=WAV)
    async def recording(
        self, broker: BrokerDependency, principal: PrincipalDependency, reference: FromPath[str], request: AnyRequest
    ) -> Stream:
        """Return the WAV (left the caller, right the desk) to its own operator, and to supervisors; audited."""
        require(principal, Action.VIEW)
        view = await broker.parts.database.read(lambda unit: find_session(unit, principal, reference))
        if view is not None and not (principal.operator and view.operator_id == principal.operator.id):
            require(principal, Action.SUPERVISE)
        return _streamed(await broker.listening.recording(principal, view), request)

    @get("/sessions/{reference:str}/voicemail", summary="The voicemail of a caller", media_type=WAV)
    async def voicemail(
        self, broker: BrokerDependency, principal: PrincipalDependency, reference: FromPath[str], request: AnyRequest
    ) -> Stream:
        """Return the WAV (one channel) to anybody who handles customers; audited."""
        require(principal, Action.HANDLE)
        view = await broker.parts.database.read(lambda unit: find_session(unit, principal, reference))
        return _streamed(await broker.listening.voicemail(principal, view), request)


def voicemail_link(broker: Broker) -> HTTPRouteHandler:
    """Return the route behind a notice's link; it needs no login, because the link is signed and short-lived."""

    @get("/v1/voicemails/{token:str}", media_type=WAV, include_in_schema=False)
    async def listen(token: FromPath[str], request: AnyRequest) -> Stream:
        """Return the WAV; audited."""
        return _streamed(await broker.listening.by_link(token), request)

    return listen


def _streamed(opened: OpenRecording, request: AnyRequest) -> Stream:
    """Return the whole WAV, or the one range that was asked for."""
    try:
        wanted = _range(request.headers.get("range", ""), opened.size)
    except CallerError:
        opened.close()
        raise
    start, stop = wanted or (0, opened.size)
    headers = {**_HEADERS, "Content-Length": str(stop - start)}
    if wanted is not None:
        headers["Content-Range"] = f"bytes {start}-{stop - 1}/{opened.size}"
    status = 200 if wanted is None else 206
    return Stream(_parts(opened, start, stop), media_type=WAV, headers=headers, status_code=status)


def _parts(opened: OpenRecording, start: int, stop: int) -> Iterator[bytes]:
    try:
        yield from opened.parts(start, stop - start)
    finally:
        opened.close()


def _range(header: str, size: int) -> tuple[int, int] | None:
    """Return the stretch that a `Range` header means, end excluded; None for the whole.

    Several ranges, and units that are not bytes, are answered with the whole, as the RFC allows.

    Raises:
        CallerError: `no_such_range`.
    """
    found = _RANGE.fullmatch(header.strip())
    if found is None or not (found[1] or found[2]):
        return None
    if not found[1]:
        start, stop = max(0, size - int(found[2])), size
    else:
        start, stop = int(found[1]), min(size, int(found[2]) + 1) if found[2] else size
    if start >= stop:
        raise CallerError("no_such_range", "The recording has no such part.", f"It has {size} bytes.")
    return start, stop

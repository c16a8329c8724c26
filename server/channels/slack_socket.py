"""Listen to Slack without a public address: Socket Mode.

Source: https://docs.slack.dev/apis/events-api/using-socket-mode. Each envelope is acknowledged by its id once it is
kept; what was not acknowledged Slack sends again, on whatever connection there is.

Before: an app token. After: the same envelopes that the Events API posts.
"""

from collections.abc import AsyncIterator
from typing import Final

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from server.broker.ports.channels import Incoming, SendError, SendProblem
from server.channels.http import Http
from server.channels.reading import decoded, text_at
from server.channels.slack_answers import answered
from server.clock import Clock
from server.log import get_log
from server.secret_files import SecretText
from server.tasks import Restart
from server.wire.version import USER_AGENT

LARGEST_BYTES: Final = 4 * 2**20
"""The largest envelope that is taken."""
_LEAST_SECONDS: Final = 1.0
_SWITCHED_OFF: Final = "link_disabled"
_log: Final = get_log(__name__)


class _Envelope(msgspec.Struct):
    """What has to be known of an envelope; its payload is kept as it came."""

    envelope_id: str = ""
    type: str = ""
    payload: msgspec.Raw = msgspec.Raw(b"")


_decoder: Final = msgspec.json.Decoder(_Envelope)


class SocketMode:
    """One app's connection, opened anew whenever it ends."""

    def __init__(self, http: Http, app_token: SecretText, clock: Clock) -> None:
        """Connect as the app whose `xapp-` token this is."""
        self._http: Final = http
        self._app: Final = {"authorization": f"Bearer {app_token.reveal()}"}
        self._clock: Final = clock
        self._restart: Final = Restart(first_seconds=1.0, most_seconds=60.0)

    async def listen(self, cursor: str) -> AsyncIterator[tuple[Incoming, str]]:
        """Yield envelopes for ever; an envelope is acknowledged when the next one is asked for.

        Raises:
            SendError: AUTH: the token is refused, or Socket Mode was switched off.
        """
        failures = 0
        while True:
            began, wait_seconds = self._clock.monotonic(), 0.0
            try:
                async with connect(
                    await self._address(), user_agent_header=USER_AGENT, max_size=LARGEST_BYTES, proxy=None
                ) as connection:
                    async for incoming in self._envelopes(connection):
                        failures = 0
                        yield incoming, cursor
            except (WebSocketException, OSError, SendError) as error:
                wait_seconds = _wait_seconds(error)
                _log.warning("slack_socket_ended", failures=failures, reason=type(error).__name__)
            failures = 1 if self._clock.monotonic() - began >= self._restart.calm_seconds else failures + 1
            if failures > 1 or wait_seconds:
                await self._clock.sleep(max(self._restart.pause_seconds(failures), wait_seconds))

    async def _envelopes(self, connection: ClientConnection) -> AsyncIterator[Incoming]:
        """Yield the envelopes of one connection, until Slack asks for a new one."""
        async for frame in connection:
            body = frame.encode() if isinstance(frame, str) else frame
            try:
                envelope = _decoder.decode(body)
            except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
                _log.warning("slack_frame_not_understood", size=len(body))
                continue
            if envelope.type == "disconnect":
                self._asked_to_leave(decoded(body))
                return
            if not envelope.envelope_id:
                continue
            payload = bytes(envelope.payload) or body
            yield Incoming(headers={"x-slack-envelope": envelope.envelope_id}, body=payload)
            await connection.send(msgspec.json.encode({"envelope_id": envelope.envelope_id}).decode())

    async def _address(self) -> str:
        """Ask for the address of one connection: it is good once.

        Raises:
            SendError: Slack gives none.
        """
        fields = answered(await self._http.call("POST", "/apps.connections.open", headers=self._app))
        address = text_at(fields, "url")
        if not address.startswith(("wss://", "ws://")):
            raise SendError(SendProblem.RETRY, "Slack names no address for Socket Mode.")
        return address

    def _asked_to_leave(self, fields: object) -> None:
        """Go on with a new connection, unless there is to be none.

        Raises:
            SendError: AUTH: Socket Mode was switched off in the app's settings.
        """
        reason = text_at(fields, "reason")
        _log.info("slack_socket_renewed", reason=reason[:40])
        if reason == _SWITCHED_OFF:
            raise SendError(SendProblem.AUTH, "Socket Mode was switched off in the app's settings. Switch it on again.")


def _wait_seconds(error: Exception) -> float:
    """Return the least time until the next connection.

    Raises:
        SendError: AUTH: there will be none until somebody mends the app.
    """
    if isinstance(error, SendError):
        if error.problem in {SendProblem.AUTH, SendProblem.INVALID}:
            raise SendError(SendProblem.AUTH, error.message) from error
        return error.retry_after_seconds or _LEAST_SECONDS
    return _LEAST_SECONDS

"""Open the WebSocket to the broker, with the token, exactly where we were told to."""

import ssl
from typing import Final

import msgspec
from typing_extensions import override
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidHandshake, InvalidStatus, InvalidURI

from operator_console.client.address import Address
from operator_console.client.errors import ClientError, not_reached, refused, words
from server.wire.codec import WireError, decode
from server.wire.errors import ErrorBody
from server.wire.version import USER_AGENT

MAX_FRAME_BYTES: Final = 32 * 1024 * 1024
"""The longest frame taken from the broker: a snapshot of some 5,000 open sessions."""


class _Connect(connect):
    """Opens the socket where we were told to, and nowhere else: the token follows no redirect."""

    @override
    def process_redirect(self, exc: Exception) -> Exception | str:
        return exc


async def open_line(address: Address, token: str, tls: ssl.SSLContext | None, open_seconds: float) -> ClientConnection:
    """Return an open connection to the console socket.

    Raises:
        ClientError: it can't be reached, or it refused the handshake (`status` says with what).
    """
    try:
        return await _Connect(
            address.console,
            additional_headers={"Authorization": f"Bearer {token}"},
            user_agent_header=USER_AGENT,
            compression=None,
            max_size=MAX_FRAME_BYTES,
            open_timeout=open_seconds,
            close_timeout=1,
            ping_interval=None,
            proxy=None if address.loopback else True,
            ssl=tls,
        )
    except InvalidStatus as error:
        status = error.response.status_code
        raise ClientError(refused(status, _error_body(bytes(error.response.body))), status) from error
    except (OSError, TimeoutError, InvalidHandshake, InvalidURI, EOFError) as error:
        raise ClientError(not_reached(address.rest, words(error))) from error


def _error_body(raw: bytes) -> ErrorBody | None:
    """Return the broker's own words about a refused handshake, if it gave any."""
    try:
        return decode(raw, _bodies)
    except WireError:
        return None


_bodies: Final = msgspec.json.Decoder(ErrorBody)

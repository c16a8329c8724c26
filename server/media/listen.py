"""Open the media listener: one port, a path for each kind of leg, everything else refused."""

import asyncio
import logging
import ssl
from http import HTTPStatus
from typing import Final

from picows import (
    WSListener,
    WSUpgradeRequest,
    WSUpgradeResponse,
    WSUpgradeResponseWithListener,
    ws_create_server,  # pyright: ignore[reportUnknownVariableType] # its host and port have no types
)
from typing_extensions import override

from server.media.allowance import Doorway
from server.media.carrier_leg import CarrierSocket
from server.media.config import PATHS, WorkerConfig
from server.media.exchange import Exchange
from server.media.framed import FramedSocket
from server.media.jambonz_leg import JambonzSocket
from server.media.plivo_leg import PlivoSocket
from server.media.telnyx_leg import TelnyxSocket
from server.media.twilio_leg import TwilioSocket
from server.telephony.mulaw import MAX_MESSAGE_BYTES
from server.telephony.twilio_signature import HEADER, validate
from server.wire.media import MAX_CONTROL_BYTES, MAX_FRAME_BYTES

MAX_SOCKET_FRAME_BYTES: Final = max(MAX_MESSAGE_BYTES, MAX_CONTROL_BYTES, MAX_FRAME_BYTES)
"""A frame whose header promises more is refused before its payload is read."""
_UPGRADE_SHARE: Final = 0.4
"""Of `hello_seconds`, for the HTTP upgrade; the token has the rest, so that the whole is a hard limit."""
_PING_IDLE_SECONDS: Final = 10.0
_PING_REPLY_SECONDS: Final = 10.0
"""A peer that is silent and does not answer a ping is gone after 20 s at most."""


_CARRIERS: Final[dict[str, type[CarrierSocket]]] = {
    "twilio": TwilioSocket,
    "plivo": PlivoSocket,
    "telnyx": TelnyxSocket,
    "jambonz": JambonzSocket,
}


class _OwnFaults(logging.Handler):
    """Passes on what picows logs of exceptions in our own code, and not each frame that a stranger breaks."""

    @override
    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info:
            logging.getLogger().handle(record)


class Router:
    """Chooses the kind of socket by the path of an upgrade."""

    def __init__(self, exchange: Exchange, config: WorkerConfig) -> None:
        """Lead all sockets to `exchange`."""
        self._exchange: Final = exchange
        self._config: Final = config
        self._doorway: Final = Doorway(config.most_waiting_per_address, config.most_waiting)
        self._hello_seconds: Final = config.hello_seconds * (1.0 - _UPGRADE_SHARE)
        self._transports: Final = {path.encode(): transport for transport, path in PATHS.items()}

    def __call__(self, request: WSUpgradeRequest) -> WSListener | WSUpgradeResponseWithListener | None:
        """Return the socket for `request`; None is answered with 404."""
        transport = self._transports.get(request.path)
        if transport is None:
            return None
        if transport == "twilio" and not self._is_twilio(request):
            refusal = WSUpgradeResponse.create_error_response(HTTPStatus.FORBIDDEN, b"The signature is wrong.\n")
            return WSUpgradeResponseWithListener(refusal, None)
        carrier = _CARRIERS.get(transport)
        if carrier is not None:
            return _spoken_to(request, carrier(self._exchange, self._doorway, self._hello_seconds))
        return FramedSocket(self._exchange, self._doorway, self._hello_seconds, transport)

    def _is_twilio(self, request: WSUpgradeRequest) -> bool:
        """Tell whether Twilio signed the upgrade; true when no auth token is configured."""
        token = self._config.twilio_auth_token
        if not token:
            return True
        return validate(self._config.url("twilio", 0), {}, request.headers.get(HEADER, ""), token)


def _spoken_to(request: WSUpgradeRequest, socket: CarrierSocket) -> WSListener | WSUpgradeResponseWithListener:
    """Return the socket, with the sub-protocol that the carrier asks for where it has one."""
    asked = [one.strip() for one in str(request.headers.get("Sec-WebSocket-Protocol", "")).split(",")]
    ours = next((one for one in asked if one in socket.protocols), "")
    if not ours:
        return socket
    answer = WSUpgradeResponse.create_101_response(extra_headers={"Sec-WebSocket-Protocol": ours})
    return WSUpgradeResponseWithListener(answer, socket)


async def listen(exchange: Exchange, config: WorkerConfig) -> tuple[asyncio.Server, int]:
    """Open the listener and return it with its port.

    Raises:
        OSError: the address is taken or not ours, or a TLS file cannot be read.
    """
    server = await ws_create_server(
        Router(exchange, config),
        config.host,
        config.port,
        logger_name=_log_of_own_faults(),
        ssl=_tls(config),
        websocket_handshake_timeout=config.hello_seconds * _UPGRADE_SHARE,
        max_frame_size=MAX_SOCKET_FRAME_BYTES,
        enable_auto_ping=True,
        auto_ping_idle_timeout=_PING_IDLE_SECONDS,
        auto_ping_reply_timeout=_PING_REPLY_SECONDS,
        read_buffer_init_size=4096,
        backlog=1024,
    )
    port: int = server.sockets[0].getsockname()[1]
    return server, port


def _log_of_own_faults() -> logging.Logger:
    log = logging.getLogger("picows.media")
    log.setLevel(logging.ERROR)
    log.propagate = False
    log.handlers[:] = [_OwnFaults()]
    return log


def _tls(config: WorkerConfig) -> ssl.SSLContext | None:
    if not config.serves_tls:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(config.tls_cert, config.tls_key)
    return context

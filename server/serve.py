"""Serve one broker until it is told to stop: bind, say where, run, and leave nothing behind."""

import json
import logging
import os
import socket
from pathlib import Path

import uvicorn
from typing_extensions import override

from server.api.app import MOST_BODY_BYTES
from server.api.slow_peers import Patience, impatient
from server.broker.broker import Broker
from server.build import build
from server.config import Config
from server.config_machine import ListenerSettings
from server.core.errors import CallerError, HandoffError
from server.log import get_log
from server.metrics.loop_lag import LoopLag
from server.places import ADDRESS_FILE
from server.wire.codec import MAX_FRAME_BYTES

DRAIN_SECONDS = 2
"""How long open requests may take at a stop."""

_log = get_log(__name__)


def serve(config: Config, *, end_calls: bool = False) -> None:
    """Run a broker in the foreground until SIGTERM or Ctrl-C.

    Raises:
        CallerError: `address_taken`, and what `Broker.start` refuses.
        ProviderError: the database or the media worker cannot be reached.
    """
    logging.getLogger("uvicorn").setLevel(logging.WARNING)  # what it says at each start, we say in one line
    listener = config.settings.server
    bound = _bind(listener)
    url = address_of(listener, bound.getsockname()[1])
    built = build(config, public_url=listener.public_url or url, end_calls=end_calls)
    address = config.data_dir / ADDRESS_FILE
    server = _Serving(
        uvicorn.Config(
            built.app,
            loop="uvloop",
            http=impatient(Patience(most_silent=None) if listener.behind_proxy else Patience()),
            ws="websockets-sansio",
            ws_max_size=MAX_FRAME_BYTES,
            ws_per_message_deflate=False,
            h11_max_incomplete_event_size=min(MOST_BODY_BYTES, 64 * 1024),
            timeout_graceful_shutdown=DRAIN_SECONDS,
            access_log=False,
            server_header=False,
            lifespan="off",
            log_config=None,
            ssl_certfile=listener.tls_cert or None,
            ssl_keyfile=listener.tls_key or None,
        ),
        built.broker,
        address,
        url,
        built.lag,
    )
    try:
        server.run(sockets=[bound])
    finally:
        bound.close()


def address_of(listener: ListenerSettings, port: int) -> str:
    """Return the listener's own address, for whoever is on the same host."""
    host = "127.0.0.1" if listener.host in {"0.0.0.0", ""} else listener.host  # noqa: S104 - compared, not bound
    host = f"[{host}]" if ":" in host else host
    return f"{'https' if listener.tls_cert else 'http'}://{host}:{port}"


class _Serving(uvicorn.Server):
    """A web server around one broker: the broker starts first and stops last."""

    def __init__(self, config: uvicorn.Config, broker: Broker, address: Path, url: str, lag: LoopLag | None) -> None:
        """Serve `broker`; once it is ready, write `url` to the file `address`."""
        super().__init__(config)
        self._broker = broker
        self._address = address
        self._url = url
        self._lag = lag

    @override
    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start the broker, then listen, then say where."""
        try:
            await self._broker.start()
        except HandoffError:
            await self._broker.stop()
            raise
        if self._lag is not None:
            self._lag.start()
        await super().startup(sockets=sockets)
        made = self._address.with_suffix(".new")
        made.write_text(json.dumps({"url": self._url, "pid": os.getpid()}), encoding="utf-8")
        made.replace(self._address)  # whoever waits for the file finds it whole
        _log.info("listening", url=self._url)

    @override
    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop listening, then the broker."""
        self._address.unlink(missing_ok=True)
        await super().shutdown(sockets=sockets)
        if self._lag is not None:
            self._lag.stop()
        await self._broker.stop()
        _log.info("stopped")


def _bind(listener: ListenerSettings) -> socket.socket:
    """Return a bound socket.

    Raises:
        CallerError: `address_taken`.
    """
    family = socket.AF_INET6 if ":" in listener.host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((listener.host, listener.port))
    except OSError as error:
        bound.close()
        raise CallerError(
            "address_taken",
            f"{listener.host}:{listener.port} cannot be bound: {error.strerror}.",
            "Stop what listens there, or set [server] port.",
        ) from error
    bound.listen(2048)
    return bound

"""Run a desk for the demo: the real broker in a process of its own, with an operator and an assistant's key.

Everything lies in one folder: configuration, SQLite database, log. The ports are free ones, on loopback only.
"""

import asyncio
import os
import secrets
import socket
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx
import msgspec

from server.clock import Clock
from server.config import TWILIO_TOKEN_VARIABLE
from server.demo.twilio_leg import Carrier
from server.places import ADDRESS_FILE, ADMIN_TOKEN
from server.wire.codec import encode
from server.wire.keys import NewToken
from server.wire.requests import NewKey, NewOperator
from server.wire.version import USER_AGENT

START_SECONDS: Final = 30.0
STOP_SECONDS: Final = 10.0
LOOK_SECONDS: Final = 0.05
LOG_FILE: Final = "broker.log"
CONFIG_FILE: Final = "demo.toml"
WEB_ASSISTANT: Final = "web"
"""The key of who answers on the demo's web page."""
WEB_REPLIES: Final = Path(__file__).resolve().parent / "web_replies.toml"
TRIGGERS: Final = Path(__file__).resolve().parent / "triggers.toml"
"""When the demo's conversations need a person; its cases show every kind of trigger."""
LAST_LINES: Final = 8
LONGEST_LINE: Final = 400


class DeskError(Exception):
    """The broker of the demo did not start; the sentence says why and where its log is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskAddress:
    """Where the demo's desk is and who may speak to it."""

    url: str
    assistant_key: str
    operator_token: str
    operator_name: str
    carrier: Carrier

    @property
    def web_page(self) -> str:
        """A page with the widget, for a person who wants to be a customer."""
        return f"{self.url}/widget/demo"

    @property
    def socket_url(self) -> str:
        """The same place for WebSockets."""
        return self.url.replace("http", "ws", 1)


class DemoDesk:
    """A running broker of the demo."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        """Keep everything in `folder`, which exists."""
        self._folder: Final = folder
        self._clock: Final = clock
        self._broker: asyncio.subprocess.Process | None = None

    async def start(self, operator_name: str) -> DeskAddress:
        """Start the broker and make an operator's token and an assistant's key.

        Raises:
            DeskError: it did not come up.
        """
        carrier = Carrier(account_sid=f"AC{secrets.token_hex(16)}", auth_token=secrets.token_hex(16))
        config = self._write_config(carrier)
        environment = dict(os.environ) | {TWILIO_TOKEN_VARIABLE: carrier.auth_token}
        with (self._folder / LOG_FILE).open("ab") as log:
            self._broker = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "server", "run", "--config", str(config), "--end-calls"),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=environment,
                start_new_session=True,  # Ctrl-C in the terminal is for the demo, which stops the broker in order
            )
        url = await self._listening(self._broker)
        operator = await self._make(url, "/v1/operators", NewOperator(name=operator_name))
        key = await self._make(url, "/v1/keys", NewKey(name="Demo assistant"))
        await self._make(url, "/v1/keys", NewKey(name=WEB_ASSISTANT))  # the broker itself answers in its name
        return DeskAddress(
            url=url,
            assistant_key=key.token,
            operator_token=operator.token,
            operator_name=operator_name,
            carrier=carrier,
        )

    async def stop(self) -> None:
        """Stop the broker, and with it the calls and the media worker."""
        broker = self._broker
        if broker is None or broker.returncode is not None:
            return
        broker.terminate()
        try:
            async with asyncio.timeout(STOP_SECONDS):
                await broker.wait()
        except TimeoutError:
            broker.kill()
            await broker.wait()

    def _write_config(self, carrier: Carrier) -> Path:
        """Write the configuration of a desk on this machine alone."""
        server_port, media_port = free_ports(2)
        path = self._folder / CONFIG_FILE
        path.write_text(
            "\n".join(
                (
                    "[server]",
                    f"port = {server_port}",
                    f'public_url = "http://127.0.0.1:{server_port}"',
                    'data_dir = "data"',
                    "[desk]",
                    "away_after_missed = 0",  # whoever reads for a while is not sent away
                    "[media]",
                    f"port = {media_port}",
                    f'public_url = "ws://127.0.0.1:{media_port}"',
                    "[twilio]",
                    f'account_sid = "{carrier.account_sid}"',
                    "[triggers]",
                    f"file = {msgspec.json.encode(str(TRIGGERS)).decode()}",
                    "[widget]",
                    "enabled = true",
                    "demo = true",
                    f'assistant = "{WEB_ASSISTANT}"',
                    'calls = "queue"',
                    f"[assistants.{WEB_ASSISTANT}]",
                    'kind = "script"',
                    f"script = {msgspec.json.encode(str(WEB_REPLIES)).decode()}",
                    "",
                )
            ),
            encoding="utf-8",
        )
        return path

    async def _listening(self, broker: asyncio.subprocess.Process) -> str:
        """Wait until the broker says where it listens, and return the address."""
        address = self._folder / "data" / ADDRESS_FILE
        until = self._clock.monotonic() + START_SECONDS
        while self._clock.monotonic() < until:
            if broker.returncode is not None:
                raise DeskError(f"The broker stopped with {broker.returncode}.{self._last_words()}")
            url = _url_in(address)
            if url:
                return url
            await self._clock.sleep(LOOK_SECONDS)
        await self.stop()
        raise DeskError(f"The broker did not listen within {START_SECONDS:.0f} s.{self._last_words()}")

    async def _make(self, url: str, path: str, body: msgspec.Struct) -> NewToken:
        """Ask the broker, as its administrator, for a new token."""
        admin = (self._folder / "data" / ADMIN_TOKEN).read_text(encoding="ascii").strip()
        headers = {"Authorization": f"Bearer {admin}", "Content-Type": "application/json", "User-Agent": USER_AGENT}
        async with httpx.AsyncClient(base_url=url, headers=headers, trust_env=False) as http:
            try:
                answer = await http.post(path, content=encode(body))
            except httpx.TransportError as error:
                raise DeskError(f"The broker does not answer: {error}.{self._last_words()}") from error
        if not answer.is_success:
            raise DeskError(f"The broker refused {path}: {answer.status_code} {answer.text}")
        return msgspec.json.decode(answer.content, type=NewToken)

    def _last_words(self) -> str:
        """Return the end of the broker's log, for a person."""
        try:
            lines = (self._folder / LOG_FILE).read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            return ""
        return "".join(f"\n  {line[-LONGEST_LINE:]}" for line in lines[-LAST_LINES:])


def free_ports(count: int) -> list[int]:
    """Return TCP ports of the loopback interface that nothing listens on now."""
    held = [socket.socket(socket.AF_INET, socket.SOCK_STREAM) for _ in range(count)]
    try:
        for one in held:
            one.bind(("127.0.0.1", 0))
        return [int(one.getsockname()[1]) for one in held]
    finally:
        for one in held:
            one.close()


class _Address(msgspec.Struct):
    """What the broker writes beside its data once it listens."""

    url: str


def _url_in(path: Path) -> str:
    """Return the address in the broker's file; empty while there is none."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=_Address).url
    except (OSError, msgspec.DecodeError):
        return ""

"""Run a broker as a process of its own for a measurement, in a folder that is removed afterwards."""

import asyncio
import json
import os
import signal
import sys
import tempfile
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx

from server.core.errors import ProviderError
from server.places import ADDRESS_FILE, ADMIN_TOKEN

START_SECONDS: Final = 60.0
Prepare = Callable[[Path], Awaitable[None]]
_POLL_SECONDS: Final = 0.02


@dataclass(frozen=True, slots=True)
class Running:
    """A broker that answers.

    Attributes:
        url: Its control listener, `http://127.0.0.1:port`.
        data_dir: Its folder.
        pid: Its process.
        key: An assistant's token.
        operator: An operator's token.
    """

    url: str
    data_dir: Path
    pid: int
    key: str
    operator: str

    @property
    def socket_url(self) -> str:
        """The same listener for WebSockets."""
        return "ws" + self.url.removeprefix("http")


@asynccontextmanager
async def running_broker(
    settings: str = "", *, server: str = "", media: str = "port = 0", prepare: Prepare | None = None
) -> AsyncGenerator[Running]:
    """Start a broker on free ports, and stop it in the end.

    Args:
        settings: More sections of the configuration (TOML).
        server: More lines of `[server]`.
        media: The lines of `[media]`.
        prepare: Called with its data folder before it starts.

    Raises:
        ProviderError: `broker_not_running` when it does not start.
    """
    with tempfile.TemporaryDirectory(prefix="operator-bench-") as folder:
        data_dir = Path(folder) / "var"
        config = Path(folder) / "config.toml"
        text = f'[server]\ndata_dir = "{data_dir}"\nport = 0\n{server}\n[media]\n{media}\n{settings}'
        await asyncio.to_thread(config.write_text, text)
        if prepare is not None:
            await asyncio.to_thread(data_dir.mkdir, 0o700)
            await prepare(data_dir)
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "server", "run", "--end-calls", "--config", str(config)),
            stderr=asyncio.subprocess.DEVNULL,
            env={**os.environ, "OPERATOR_CONFIG": ""},
        )
        try:
            yield await _ready(process, data_dir)
        finally:
            if process.returncode is None:
                process.send_signal(signal.SIGTERM)
            await process.wait()


async def _ready(process: asyncio.subprocess.Process, data_dir: Path) -> Running:
    """Wait for the broker, and make a key and an operator."""
    address = data_dir / ADDRESS_FILE
    try:
        async with asyncio.timeout(START_SECONDS):
            while not await asyncio.to_thread(address.exists):
                if process.returncode is not None:
                    raise ProviderError("broker_not_running", "The broker ended at its start.", "Run it by hand.")
                await asyncio.sleep(_POLL_SECONDS)
    except TimeoutError as error:
        raise ProviderError("broker_not_running", "The broker did not start in time.", "Run it by hand.") from error
    url = json.loads(await asyncio.to_thread(address.read_text))["url"]
    token = (await asyncio.to_thread((data_dir / ADMIN_TOKEN).read_text)).strip()
    async with httpx.AsyncClient(base_url=url, headers={"Authorization": f"Bearer {token}"}) as client:
        key = (await client.post("/v1/keys", json={"name": "bench"})).raise_for_status().json()
        operator = (await client.post("/v1/operators", json={"name": "Bench"})).raise_for_status().json()
    return Running(url, data_dir, process.pid, key["token"], operator["token"])

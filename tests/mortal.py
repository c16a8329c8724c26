"""Run a broker that a test kills and starts again, on the same data and the same port."""

import asyncio
import contextlib
import signal
import socket
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx

from server.bench.process import Running
from tests.live import bearer


class Mortal:
    """A broker that is killed and started again on the same data and port."""

    def __init__(self, folder: Path, settings: str = "") -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.data_dir = folder / "var"
        self.config = folder / "config.toml"
        self.config.write_text(
            f'[server]\ndata_dir = "{self.data_dir}"\nport = {self.port}\n[media]\nport = 0\n'
            f'[desk]\nrouting = "pull"\nwrap_up_seconds = 0\n{settings}'
        )
        self.process: asyncio.subprocess.Process | None = None
        self.starts = 0

    async def start(self) -> None:
        """Start and wait until it is ready."""
        command = [sys.executable, "-m", "server", "run", "--end-calls", "--config", str(self.config)]
        self.process = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.DEVNULL)
        self.starts += 1
        async with asyncio.timeout(30), httpx.AsyncClient() as client:
            while True:
                assert self.process.returncode is None, "the broker ended at its start"
                with contextlib.suppress(httpx.HTTPError):
                    if (await client.get(f"http://127.0.0.1:{self.port}/readyz")).status_code == 200:
                        return
                await asyncio.sleep(0.02)

    async def kill(self) -> None:
        """Pull the plug."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        assert await self.process.wait() == -signal.SIGKILL

    async def end(self) -> None:
        """Stop in order, and the media worker with it."""
        if self.process is not None and self.process.returncode is None:
            self.process.terminate()
            await self.process.wait()


@asynccontextmanager
async def mortal(settings: str = "") -> AsyncIterator[tuple[Mortal, Running]]:
    """Start a broker with one key and one operator; `settings` are more lines of its configuration."""
    with tempfile.TemporaryDirectory(prefix="kills") as folder:
        broker = Mortal(Path(folder), settings)
        await broker.start()
        url = f"http://127.0.0.1:{broker.port}"
        admin = (broker.data_dir / "admin.token").read_text().strip()
        try:
            async with httpx.AsyncClient(base_url=url, headers=bearer(admin)) as client:
                key = (await client.post("/v1/keys", json={"name": "kills"})).json()["token"]
                operator = (await client.post("/v1/operators", json={"name": "Op"})).json()["token"]
            assert broker.process is not None
            yield broker, Running(url, broker.data_dir, broker.process.pid, key, operator)
        finally:
            await broker.end()

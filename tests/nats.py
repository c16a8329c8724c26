"""Give tests a NATS server: the one OPERATOR_TEST_NATS names, else the local one, else one of their own.

Tests share it: each uses subjects of its own (`subject()`). The fixture `nats_url` is in tests/conftest.py.
"""

import os
import re
import secrets
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from tests import needs

VARIABLE: Final = "OPERATOR_TEST_NATS"
"""Environment: nats://host:port of a server that tests may use."""

LOCAL: Final = "nats://127.0.0.1:4222"
STARTS_WITHIN_SECONDS: Final = 15.0


@contextmanager
def server() -> Iterator[str]:
    """Yield the address of a NATS server, starting one when none runs.

    Raises:
        RuntimeError: OPERATOR_TEST_NATS is set and no NATS answers there, or an installed one does not start.
        pytest.skip.Exception: There is none and none is installed.
    """
    named = os.environ.get(VARIABLE, "")
    if named:
        if not answers(named):
            raise RuntimeError(f"{VARIABLE} is set, but no NATS server answers there.")
        yield named
    elif answers(LOCAL):
        yield LOCAL
    else:
        needs.require(needs.NATS)
        with _started() as url:
            yield url


def subject() -> str:
    """Return a subject that no other test uses."""
    return f"operator_test.{secrets.token_hex(6)}"


def answers(url: str) -> bool:
    """Tell whether a NATS server greets at `url`: it sends an INFO line first."""
    parts = urlsplit(url)
    try:
        with socket.create_connection((parts.hostname or "127.0.0.1", parts.port or 4222), timeout=3) as peer:
            peer.settimeout(3)
            return peer.recv(5) == b"INFO "
    except OSError:
        return False


@contextmanager
def _started() -> Iterator[str]:
    """Run an installed server on a port it chooses, for as long as the block lasts."""
    with tempfile.TemporaryDirectory(prefix="operator-nats-") as folder:
        log = Path(folder) / "log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                ["nats-server", "--addr", "127.0.0.1", "--port", "-1"],
                stdout=output,
                stderr=output,
                stdin=subprocess.DEVNULL,
            )
        try:
            yield _address(process, log)
        finally:
            process.terminate()
            process.wait(10)


def _address(process: subprocess.Popen[bytes], log: Path) -> str:
    until = time.monotonic() + STARTS_WITHIN_SECONDS
    while time.monotonic() < until and process.poll() is None:
        found = re.search(r"Listening for client connections on (127\.0\.0\.1:\d+)", log.read_text(errors="replace"))
        if found and answers(f"nats://{found[1]}"):
            return f"nats://{found[1]}"
        time.sleep(0.05)
    raise RuntimeError(f"NATS did not start: {log.read_text(errors='replace')[-2000:]}")

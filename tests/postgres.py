"""Give tests a PostgreSQL: the one OPERATOR_TEST_POSTGRES names, else the local one, else one of their own.

Each test gets a database of its own, dropped afterwards. The fixtures `postgres_server` and `postgres_url` are in
tests/conftest.py.
"""

import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql

from tests import needs

VARIABLE: Final = "OPERATOR_TEST_POSTGRES"
"""Environment: postgresql://user@host:port/database of a server on which tests may create databases."""

LOCAL: Final = tuple(
    f"postgresql://{user}@127.0.0.1:5432/{database}"
    for user, database in (("root", "postgres"), ("postgres", "postgres"), ("root", "test"), ("postgres", "test"))
)
STARTS_WITHIN_SECONDS: Final = 30.0


@contextmanager
def server() -> Iterator[str]:
    """Yield the address of a server on which databases may be created, starting one when none runs.

    Raises:
        RuntimeError: OPERATOR_TEST_POSTGRES is set and nobody answers there, or an installed server does not start.
        pytest.skip.Exception: There is none and none is installed.
    """
    named = os.environ.get(VARIABLE, "")
    if named:
        if not _answers(named):
            raise RuntimeError(f"{VARIABLE} is set, but nobody lets us create databases there.")
        yield named
        return
    running = next((url for url in LOCAL if _answers(url)), None)
    if running:
        yield running
        return
    needs.require(needs.POSTGRESQL)
    with _started() as url:
        yield url


@contextmanager
def database(server_url: str) -> Iterator[str]:
    """Yield the address of a new, empty database on the server, and drop it afterwards."""
    name = f"operator_test_{secrets.token_hex(6)}"
    _execute(server_url, sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    try:
        yield urlunsplit(urlsplit(server_url)._replace(path=f"/{name}"))
    finally:
        _execute(server_url, sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def _execute(url: str, statement: sql.Composed) -> None:
    with psycopg.connect(url, autocommit=True, connect_timeout=10) as connection:
        connection.execute(statement)


def _answers(url: str) -> bool:
    """Tell whether we may create databases at `url`."""
    try:
        with psycopg.connect(url, connect_timeout=5) as connection:
            row = connection.execute(
                "SELECT rolcreatedb OR rolsuper FROM pg_roles WHERE rolname = current_user"
            ).fetchone()
    except psycopg.Error:
        return False
    return bool(row and row[0])


@contextmanager
def _started() -> Iterator[str]:
    """Run an installed server on a free port for as long as the block lasts; PostgreSQL refuses to run as root."""
    programs = needs.postgresql_folder()
    if programs is None:
        raise RuntimeError("PostgreSQL was here a moment ago and is gone.")
    user = _user()
    folder = Path(tempfile.mkdtemp(prefix="operator-postgres-"))
    process: subprocess.Popen[bytes] | None = None
    try:
        if user:
            shutil.chown(folder, user=user)
        data, port = folder / "data", _free_port()
        initialise = [str(programs / "initdb"), "-D", str(data), "-U", "postgres", "-A", "trust", "--no-sync"]
        made = subprocess.run(initialise, capture_output=True, check=False, text=True, user=user, cwd=folder)
        if made.returncode:
            raise RuntimeError(f"initdb failed: {made.stderr.strip()}")
        serve = [str(programs / "postgres"), "-D", str(data), "-p", str(port), "-k", str(folder), "-h", "127.0.0.1"]
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(serve, stdout=log, stderr=log, stdin=subprocess.DEVNULL, user=user, cwd=folder)
        url = f"postgresql://postgres@127.0.0.1:{port}/postgres"
        _wait(process, url, folder / "log")
        yield url
    finally:
        if process is not None:
            process.send_signal(signal.SIGINT)  # fast: SIGTERM would wait for clients
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        shutil.rmtree(folder, ignore_errors=True)


def _wait(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    until = time.monotonic() + STARTS_WITHIN_SECONDS
    while not _answers(url):
        if process.poll() is not None or time.monotonic() > until:
            raise RuntimeError(f"PostgreSQL did not start: {log.read_text(errors='replace')[-2000:]}")
        time.sleep(0.1)


def _user() -> str | None:
    """Return whom the server runs as: somebody else when we are root."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])

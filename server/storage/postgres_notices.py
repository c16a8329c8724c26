"""Hear of other brokers' commits in PostgreSQL, so that their events are shown at once and not at the next poll.

A notice is a hint and may be lost; the feed looks by itself every two seconds. This broker's own notices are left out:
it knows already.
"""

from collections.abc import Callable
from threading import Event, Thread
from typing import Final

import psycopg

from server.log import get_log
from server.storage.cells import Row
from server.storage.postgres_line import CHANNEL, connect, read_notice

LISTEN_SECONDS: Final = 0.5
"""How long one look for notices lasts; it bounds how long stopping takes."""
PAUSE_SECONDS: Final = 1.0
"""The pause before connecting again."""

_log = get_log(__name__)


class PostgresNotices:
    """A thread that listens."""

    def __init__(self, url: str, is_ours: Callable[[int], bool], told: Callable[[dict[str, int]], None]) -> None:
        """Prepare to listen.

        Args:
            url: The database's address.
            is_ours: Tells whether the server's process of this number is behind a connection of ours.
            told: Called on the thread with the newest event's number of each organisation.
        """
        self._url: Final = url
        self._is_ours: Final = is_ours
        self._told: Final = told
        self._stopped: Final = Event()
        self._thread: Final = Thread(target=self._listen, name="storage-notices", daemon=True)

    def start(self) -> None:
        """Begin to listen."""
        self._thread.start()

    def stop(self) -> None:
        """End; blocks until then."""
        self._stopped.set()
        self._thread.join()

    def _listen(self) -> None:
        """Listen, on a new connection whenever the old one is lost, until stopped."""
        while not self._stopped.is_set():
            try:
                with connect(self._url) as connection:
                    connection.execute(f"LISTEN {CHANNEL}".encode())
                    self._hear(connection)
            except psycopg.Error as error:
                _log.warning("notices_lost", error=type(error).__name__)
                self._stopped.wait(PAUSE_SECONDS)

    def _hear(self, connection: "psycopg.Connection[Row]") -> None:
        """Pass on what others tell, until stopped."""
        while not self._stopped.is_set():
            for notice in connection.notifies(timeout=LISTEN_SECONDS):
                if not self._is_ours(notice.pid):
                    self._told(read_notice(notice.payload))
                if self._stopped.is_set():
                    return

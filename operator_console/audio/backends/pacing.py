"""Move blocks in real time without a device: a thread with a clock."""

import threading
import time
from collections.abc import Callable
from typing import Final

from operator_console.audio.backends.watch import Watch

_FELL_BEHIND_SECONDS: Final = 0.5
"""A thread this late starts counting anew instead of catching up in a burst."""


class PacedStream:
    """A stream whose blocks a thread moves, `block_ms` apart, until it is closed."""

    def __init__(self, name: str, block_ms: int, move: Callable[[], None], done: Callable[[], None]) -> None:
        """Start at once; `move` moves one block, `done` is called once after the last."""
        self.name: Final = name
        self.delay_ms: Final = float(block_ms)
        self._block_seconds = block_ms / 1000
        self._move = move
        self._done = done
        self._stop = threading.Event()
        self._watch = Watch(block_ms, counts_gaps=True)
        self._thread = threading.Thread(target=self._run, name=f"pace {name}", daemon=True)
        self._thread.start()

    @property
    def xruns(self) -> int:
        """Blocks that were moved far too late."""
        return self._watch.xruns

    def lost(self) -> str:
        """Return why it stopped, or ""."""
        return self._watch.lost()

    def close(self) -> None:
        """End the thread and wait for it."""
        self._stop.set()
        self._thread.join(timeout=2.0)

    def _run(self) -> None:
        due_at = time.monotonic()
        try:
            while not self._stop.is_set():
                self._watch.beat()
                self._move()
                due_at += self._block_seconds
                ahead = due_at - time.monotonic()
                if ahead < -_FELL_BEHIND_SECONDS:
                    due_at = time.monotonic()
                self._stop.wait(max(0.0, ahead))
        except OSError as error:
            self._watch.end(str(error))
        finally:
            self._done()

"""Say by which number a media worker ended, to the broker that started it."""

from typing import Final

EXIT_OK: Final = 0
EXIT_CANNOT_LISTEN: Final = 1
EXIT_BAD_CONFIG: Final = 2
EXIT_ALREADY_RUNNING: Final = 3
"""Another worker holds the lock of this control socket: connect to that one."""

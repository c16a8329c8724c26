"""Say why an engine process ended, by its exit code."""

from typing import Final

EXIT_OK: Final = 0
EXIT_BAD_SETTINGS: Final = 3
EXIT_CANNOT_LISTEN: Final = 4
EXIT_NOT_INSTALLED: Final = 5
EXIT_DIED: Final = 6

"""Say that a measurement could not be made."""

from server.wire.errors import ErrorBody


class BenchError(Exception):
    """The program under measurement did not do what was to be timed; `body` says what and what to do."""

    def __init__(self, message: str, hint: str = "") -> None:
        """Keep the refusal as it will be told."""
        super().__init__(message)
        self.body = ErrorBody("bench_failed", message, hint)

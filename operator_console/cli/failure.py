"""End a command with the documented exit code and one sentence on stderr, whatever went wrong."""

from server.wire.errors import ErrorBody


class CommandError(Exception):
    """A command could not do what it was asked; `body` is told and its code chooses the exit code."""

    def __init__(self, body: ErrorBody, status: int = 0) -> None:
        """Keep the refusal as it will be told."""
        super().__init__(body.message)
        self.body = body
        self.status = status

"""Name every refusal: one shallow tree whose `code` is API and whose sentence says what to do next."""

from collections.abc import Mapping


class HandoffError(Exception):
    """What all of our errors share.

    Attributes:
        code: Stable, snake_case, part of the API.
        message: One sentence on what went wrong, safe to show.
        hint: One sentence on what to do next; may be empty.
        details: Facts that belong to the code.
    """

    def __init__(self, code: str, message: str, hint: str = "", details: Mapping[str, str] | None = None) -> None:
        """Keep the parts; `str(error)` is the message."""
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint
        self.details = dict(details or {})


class CallerError(HandoffError):
    """The request is wrong (4xx): asking again unchanged will not help."""


class NotFoundError(CallerError):
    """There is no such thing for this principal (404); the same words whether it exists elsewhere or not."""


class NotAllowedError(CallerError):
    """The principal's role does not allow this (403)."""


class NotAuthenticatedError(CallerError):
    """No valid credential came with the request (401)."""


class TooManyError(CallerError):
    """Too much at once (429); `retry_after_seconds` of the details says when it may be tried again."""


class ConflictError(HandoffError):
    """Lost a race, or the state has moved on (409)."""


class ProviderError(HandoffError):
    """Something outside failed (502/503); `retryable` says whether trying again may help, and not before when."""

    def __init__(
        self,
        code: str,
        message: str,
        hint: str = "",
        *,
        retryable: bool = True,
        retry_after_seconds: float | None = None,
    ) -> None:
        """Keep the parts and whether a retry makes sense."""
        super().__init__(code, message, hint)
        self.retryable = retryable
        self.retry_after_seconds = retry_after_seconds

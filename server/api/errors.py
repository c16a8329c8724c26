"""Answer every refusal with the same body, and never with a traceback."""

from typing import Any

from litestar import MediaType, Request, Response
from litestar.exceptions import HTTPException, ValidationException

from server.core.errors import (
    CallerError,
    ConflictError,
    HandoffError,
    NotAllowedError,
    NotAuthenticatedError,
    NotFoundError,
    ProviderError,
    TooManyError,
)
from server.log import get_log
from server.wire import codec
from server.wire.errors import ErrorBody

_log = get_log(__name__)

AnyRequest = Request[Any, Any, Any]  # type: ignore[explicit-any]  # the framework's own three parameters, unused here

_STATUS: tuple[tuple[type[HandoffError], int], ...] = (
    (NotAuthenticatedError, 401),
    (NotAllowedError, 403),
    (NotFoundError, 404),
    (ConflictError, 409),
    (TooManyError, 429),
    (CallerError, 422),
    (ProviderError, 503),
)


def status_of(error: HandoffError) -> int:
    """Return the HTTP status of an error's kind."""
    return next(status for kind, status in _STATUS if isinstance(error, kind))


def body_of(error: HandoffError) -> ErrorBody:
    """Return an error as it travels."""
    return ErrorBody(error.code, error.message, error.hint, error.details)


def respond(status: int, body: ErrorBody) -> Response[bytes]:
    """Return a response with an error body."""
    headers = {"Retry-After": "1"} if status == 503 else {}
    if status == 429:
        headers["Retry-After"] = body.details.get("retry_after_seconds", "1")
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return Response(codec.encode(body), status_code=status, media_type=MediaType.JSON, headers=headers)


def handoff_error(_request: AnyRequest, error: HandoffError) -> Response[bytes]:
    """Answer one of our own errors."""
    return respond(status_of(error), body_of(error))


def invalid_request(_request: AnyRequest, error: ValidationException) -> Response[bytes]:
    """Answer a body or a parameter of the wrong shape."""
    extra = error.extra if isinstance(error.extra, list) else []
    problems = "; ".join(_problem(item) for item in extra[:5]) or error.detail
    return respond(
        400, ErrorBody("invalid_request", f"The request is not valid: {problems}.", "See /schema for its shape.")
    )


def framework_error(_request: AnyRequest, error: HTTPException) -> Response[bytes]:
    """Answer what the framework itself refuses: no such path, wrong method, malformed JSON, too large."""
    detail = error.detail or "The request was refused."
    code = {404: "no_such_path", 405: "method_not_allowed", 413: "body_too_large"}.get(error.status_code)
    return respond(
        error.status_code,
        ErrorBody(code or "invalid_request", detail, "See /schema for what there is."),
    )


def too_deep(_request: AnyRequest, _error: RecursionError) -> Response[bytes]:
    """Answer a body whose brackets nest without end."""
    return respond(400, ErrorBody("malformed_json", "The body nests too deep.", "Send the documented shape."))


def our_fault(request: AnyRequest, error: Exception) -> Response[bytes]:
    """Answer a bug of ours without showing it; it is in the log."""
    _log.error("request_failed", method=request.method, path=request.url.path, exc_info=error)
    return respond(500, ErrorBody("internal_error", "The broker failed.", "Look in the broker's log."))


def _problem(item: object) -> str:
    """Return one line of the framework's list of problems."""
    if isinstance(item, dict):
        where, what = item.get("key", ""), item.get("message", "")  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType] # untyped in the framework
        return f"{where}: {what}" if where else f"{what}"
    return f"{item}"

"""Say why the broker could not be asked or did not do it: one error with a stable code, and what to do next."""

from typing import Final

from operator_console.tui.ports import DeskError
from server.wire.errors import ErrorBody

CANNOT_CONNECT: Final = "cannot_connect"
CONNECTION_LOST: Final = "connection_lost"
NOT_AUTHENTICATED: Final = "not_authenticated"
TOKEN_OVER_PLAIN: Final = "token_over_plain"  # noqa: S105 - a code of an error, not a token
BAD_ADDRESS: Final = "bad_address"
INVALID_ANSWER: Final = "invalid_answer"
VIEW_ONLY: Final = "view_only"
TOO_MANY_ORDERS: Final = "too_many_orders"


class ClientError(DeskError):
    """The broker refused, or could not be asked; `status` is the HTTP status of a refusal, 0 when there was none."""

    def __init__(self, body: ErrorBody, status: int = 0) -> None:
        """Keep the refusal as it will be shown."""
        super().__init__(body)
        self.status = status

    @property
    def code(self) -> str:
        """The stable code of the refusal."""
        return self.body.code

    @property
    def hint(self) -> str:
        """What to do next, one sentence, or nothing."""
        return self.body.hint


def not_reached(url: str, reason: str) -> ErrorBody:
    """Return the refusal for a broker that does not answer."""
    return ErrorBody(
        CANNOT_CONNECT,
        f"The broker at {url} can't be reached: {reason}.",
        "Check that operator-server runs and that the address is right (operator-console doctor).",
    )


def words(error: Exception) -> str:
    """Return why a connection failed, in a few words."""
    if isinstance(error, TimeoutError):
        return "it takes too long"
    return (str(error) or type(error).__name__)[:200].rstrip(".")


def refused(status: int, body: ErrorBody | None) -> ErrorBody:
    """Return the broker's own refusal, or words for an HTTP status that came without one."""
    if body is not None:
        return body
    if status in {401, 403}:
        return ErrorBody(
            NOT_AUTHENTICATED,
            "The broker does not accept this token.",
            "Get a token from your administrator and run: operator-console login",
        )
    if status == 404:
        return ErrorBody("not_found", "There is nothing at this address of the broker.", "Check the server's url.")
    hint = "Try again in a moment." if status >= 500 else "Check that console and broker have the same version."
    return ErrorBody(f"http_{status}", f"The broker answered with HTTP status {status}.", hint)

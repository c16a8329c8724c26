"""Know what the broker answered over REST: what was asked for, or why not."""

from typing import Final, TypeVar

import msgspec

from operator_console.client.errors import INVALID_ANSWER, ClientError, refused
from server.wire.codec import WireError, decode
from server.wire.errors import ErrorBody

T = TypeVar("T")

SESSIONS: Final = "/v1/sessions"
OPERATORS: Final = "/v1/operators"
MAX_ANSWER_BYTES: Final = 32 * 1024 * 1024
"""The longest answer taken from the broker."""
ANSWER_SECONDS: Final = 10.0
"""A broker that is silent for so long is given up."""


def read_answer(url: str, status: int, raw: bytes, decoder: msgspec.json.Decoder[T], most: int = MAX_ANSWER_BYTES) -> T:
    """Return what `url` answered with a status and a body of at most `most` bytes.

    Raises:
        ClientError: the broker refused, or answered something else.
    """
    if status != 200:
        raise ClientError(refused(status, refusal_in(raw)), status)
    try:
        return decode(raw, decoder, most)
    except WireError as error:
        raise ClientError(
            ErrorBody(
                INVALID_ANSWER,
                f"{url} answered something else. {error.body.message}",
                "Check that the address is a broker's and of the console's version.",
            )
        ) from error


def refusal_in(raw: bytes) -> ErrorBody | None:
    """Return the broker's own refusal; None when the body is something else."""
    try:
        return decode(raw, _bodies)
    except WireError:
        return None


_bodies: Final = msgspec.json.Decoder(ErrorBody)

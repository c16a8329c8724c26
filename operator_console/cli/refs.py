"""Find the session that a person means: H-0042, 42, or its id."""

import re
from collections.abc import Iterable
from typing import Final

from operator_console.cli.failure import CommandError
from server.wire.errors import ErrorBody
from server.wire.views import SessionView

_NUMBER: Final = re.compile(r"^(?:[hH]-)?0*([0-9]{1,9})$")


def find(ref: str, sessions: Iterable[SessionView]) -> SessionView:
    """Return the session of this number or id; `CommandError` when none of the open ones is meant."""
    wanted = _number(ref)
    for session in sessions:
        if session.id == ref or (wanted is not None and _number(session.number) == wanted):
            return session
    raise CommandError(
        ErrorBody(
            "no_such_session",
            f"There is no open session {ref}.",
            "See operator-console queue, or operator-console history for closed ones.",
        )
    )


def _number(ref: str) -> int | None:
    match = _NUMBER.match(ref)
    return int(match.group(1)) if match else None

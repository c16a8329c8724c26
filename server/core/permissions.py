"""Say what each role may do; checked at the broker for every operation and every command."""

from enum import StrEnum
from typing import Final

from server.core.errors import NotAllowedError
from server.wire.terms import Role


class Action(StrEnum):
    """What a principal may want to do."""

    VIEW = "view"
    HANDLE = "handle"
    SUPERVISE = "supervise"
    ADMINISTER = "administer"


ALLOWED: Final[dict[Role, frozenset[Action]]] = {
    Role.VIEWER: frozenset({Action.VIEW}),
    Role.OPERATOR: frozenset({Action.VIEW, Action.HANDLE}),
    Role.SUPERVISOR: frozenset({Action.VIEW, Action.HANDLE, Action.SUPERVISE}),
    Role.ADMINISTRATOR: frozenset(Action),
}
"""Which role may do what."""


def check_allowed(role: Role, action: Action) -> None:
    """Refuse what the role does not cover.

    Raises:
        NotAllowedError: `not_allowed`, with the role that would do.
    """
    if action in ALLOWED[role]:
        return
    needed = next(other for other in Role if action in ALLOWED[other])
    raise NotAllowedError(
        "not_allowed", f"A {role} may not {action}.", f"Ask an administrator for the role {needed}.", {"needs": needed}
    )

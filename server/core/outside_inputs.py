"""State the facts about somebody outside whom a step of the policy calls while the caller waits."""

from dataclasses import dataclass

from server.wire.terms import LegId


@dataclass(frozen=True, slots=True)
class Outside:
    """Whom a step of a policy would call; `problem` says why nobody can be called, empty when they can."""

    attempt: LegId
    to: str = ""
    address: str = ""
    carrier: str = ""
    problem: str = ""


@dataclass(frozen=True, slots=True)
class CallbackBooked:
    """Whoever waits is to be called back instead, and keeps their place; `text` is what they are told."""

    text: str = ""


@dataclass(frozen=True, slots=True)
class TargetPressed:
    """The target pressed a key of their telephone."""

    leg: LegId
    digit: str = "1"


OutsideInput = CallbackBooked | TargetPressed
"""Every fact of this module that reaches a session by itself."""

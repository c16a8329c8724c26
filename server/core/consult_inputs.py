"""State the facts that end a question or a proposal; `server.core.inputs` has all others."""

from dataclasses import dataclass

from server.wire.terms import OperatorId


@dataclass(frozen=True, slots=True)
class ConsultAnswered:
    """An operator answered a question (`approved` is None) or decided on a proposal, as they saw it at `epoch`."""

    operator_id: OperatorId
    epoch: int
    answer: str = ""
    approved: bool | None = None


@dataclass(frozen=True, slots=True)
class ConsultLapsed:
    """Nobody answered in time."""


ConsultInput = ConsultAnswered | ConsultLapsed
"""Every fact about a question or a proposal."""

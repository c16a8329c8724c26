"""Decide who hears whom in a call: one pure table from what is wanted and which legs are there.

The media worker (server/media/call.py) asks it at every change and does nothing but carry it out. Before: a
`CallPlan` arrived or a leg came or went. After: every role has exactly one thing to hear.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from server.core.replacing import replace
from server.wire.terms import CallPhase, LegRole, Supervision


class OperatorLeg(StrEnum):
    """How far the operator leg of the plan's epoch is."""

    AWAITED = "awaited"
    """Not connected, and never was up."""
    READY = "ready"
    """Connected for the first time; its first audio is not here yet."""
    UP = "up"
    """Connected and speaking (or it was up before and is back)."""
    LOST = "lost"
    """It was up and is gone."""


class Sound(StrEnum):
    """What a role hears when it hears no leg."""

    SILENCE = "silence"
    """Frames of silence, paced: the line is alive, nobody is heard."""
    TONE = "tone"
    """The hold tone, paced."""
    NOTHING = "nothing"
    """No frames at all."""


Source = LegRole | Sound
"""What a role hears: the voice of a leg, or a sound."""


@dataclass(frozen=True, slots=True)
class Hearing:
    """What each role hears.

    Attributes:
        caller: What the caller hears of the talk itself, as for the other two.
        supervisor: Whose voices the supervisor hears.
        told: Who hears the supervisor, beside or instead of the above.
    """

    caller: Source
    assistant: Source
    operator: Source
    supervisor: frozenset[LegRole] = frozenset()
    told: frozenset[LegRole] = frozenset()

    def voices(self, role: LegRole) -> frozenset[LegRole]:
        """Return whose voices `role` hears, mixed when they are several."""
        match role:
            case LegRole.CALLER:
                return self._with_supervisor(self.caller, role)
            case LegRole.ASSISTANT:
                return self._with_supervisor(self.assistant, role)
            case LegRole.OPERATOR:
                return self._with_supervisor(self.operator, role)
            case LegRole.SUPERVISOR:
                return self.supervisor

    def _with_supervisor(self, source: Source, role: LegRole) -> frozenset[LegRole]:
        own = {source} if isinstance(source, LegRole) else set[LegRole]()
        return frozenset(own | {LegRole.SUPERVISOR}) if role in self.told else frozenset(own)

    @property
    def made_for_caller(self) -> Sound | None:
        """What the worker itself plays to the caller: tone or silence, when no voice is to be heard."""
        made = isinstance(self.caller, Sound) and self.caller is not Sound.NOTHING and not self.voices(LegRole.CALLER)
        return Sound(self.caller) if made else None

    @property
    def talks_with(self) -> CallPhase:
        """Return who the caller really talks with now; differs from the plan until the operator's audio is up."""
        match self.caller:
            case LegRole.ASSISTANT:
                return CallPhase.ASSISTANT
            case LegRole.OPERATOR | Sound.SILENCE:
                return CallPhase.OPERATOR
            case LegRole.CALLER | LegRole.SUPERVISOR | Sound.TONE:
                return CallPhase.HOLD
            case Sound.NOTHING:
                return CallPhase.ENDED


WITH_ASSISTANT = Hearing(caller=LegRole.ASSISTANT, assistant=LegRole.CALLER, operator=Sound.NOTHING)
"""Caller and assistant talk; the operator hears nothing."""
HANDING_OVER = Hearing(caller=LegRole.ASSISTANT, assistant=LegRole.CALLER, operator=LegRole.CALLER)
"""The operator hears the caller already; the assistant goes on until the operator's first audio."""
WITH_OPERATOR = Hearing(caller=LegRole.OPERATOR, assistant=Sound.NOTHING, operator=LegRole.CALLER)
"""Caller and operator talk."""
OPERATOR_MUTED = Hearing(caller=Sound.SILENCE, assistant=Sound.NOTHING, operator=LegRole.CALLER)
"""The operator listens; the caller hears silence."""
ON_HOLD = Hearing(caller=Sound.TONE, assistant=Sound.NOTHING, operator=Sound.NOTHING)
"""The caller hears the tone; no voice goes either way."""
OVER = Hearing(caller=Sound.NOTHING, assistant=Sound.NOTHING, operator=Sound.NOTHING)
"""Nobody hears anything."""


def hearing(
    phase: CallPhase, operator: OperatorLeg, *, muted: bool, supervision: Supervision = Supervision.NONE
) -> Hearing:
    """Return what each role hears.

    A leg that starts muted takes the caller at once: it has no first audio to wait for.

    Args:
        phase: Who the caller is meant to talk with.
        operator: How far the operator's leg is.
        muted: The operator is heard by nobody.
        supervision: What the supervisor's leg may do now: NONE or WATCH while it is not there, at most LISTEN while
            it is muted.
    """
    return _supervised(_talk(phase, operator, muted=muted), supervision)


def _talk(phase: CallPhase, operator: OperatorLeg, *, muted: bool) -> Hearing:
    """Return what each role hears without a supervisor."""
    match phase:
        case CallPhase.ASSISTANT:
            return WITH_ASSISTANT
        case CallPhase.HOLD:
            return ON_HOLD
        case CallPhase.ENDED:
            return OVER
        case CallPhase.OPERATOR:
            return _with_operator(operator, muted=muted)


def _with_operator(operator: OperatorLeg, *, muted: bool) -> Hearing:
    match operator:
        case OperatorLeg.AWAITED:
            return WITH_ASSISTANT
        case OperatorLeg.READY:
            return OPERATOR_MUTED if muted else HANDING_OVER
        case OperatorLeg.UP:
            return OPERATOR_MUTED if muted else WITH_OPERATOR
        case OperatorLeg.LOST:
            return ON_HOLD


_CALLER: Final = frozenset({LegRole.CALLER})
_OPERATOR: Final = frozenset({LegRole.OPERATOR})
_TOLD: Final = {
    Supervision.LISTEN: frozenset[LegRole](),
    Supervision.WHISPER: _OPERATOR,
    Supervision.BARGE: _OPERATOR | _CALLER,
}


def _supervised(talk: Hearing, supervision: Supervision) -> Hearing:
    """Return the hearing of a talk between caller and operator with a supervisor in it; any other stays as it is."""
    told = _TOLD.get(supervision)
    if told is None or talk not in {WITH_OPERATOR, OPERATOR_MUTED}:
        return talk
    heard = _CALLER if talk == OPERATOR_MUTED else _CALLER | _OPERATOR
    return replace(talk, supervisor=heard, told=told)

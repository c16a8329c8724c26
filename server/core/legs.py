"""Decide who hears whom in a call: one pure table from what is wanted and which legs are there.

The media worker (server/media/call.py) asks it at every change and does nothing but carry it out. Before: a
`CallPlan` arrived or a leg came or went. After: every role has exactly one thing to hear.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from server.core.replacing import replace
from server.wire.terms import CallPhase, LegRole, Supervision, TransferStage


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
    ANNOUNCEMENT = "announcement"
    """What the target of a policy's call hears before they take it, again and again."""
    PROMPT = "prompt"
    """What the worker itself says: the greeting and the beep of a voicemail, paced."""
    NOTHING = "nothing"
    """No frames at all."""


Source = LegRole | Sound
"""What a role hears: the voice of a leg, or a sound."""


@dataclass(frozen=True, slots=True)
class Hearing:
    """What each role hears.

    Attributes:
        caller: What the caller hears of the talk itself, as for the other three.
        conference: Caller and target hear each other beside whom they hear already, and the operator hears both.
        supervisor: Whose voices the supervisor hears.
        told: Who hears the supervisor, beside or instead of the above.
    """

    caller: Source
    assistant: Source
    operator: Source
    target: Source = Sound.NOTHING
    conference: bool = False
    supervisor: frozenset[LegRole] = frozenset()
    told: frozenset[LegRole] = frozenset()

    def voices(self, role: LegRole) -> frozenset[LegRole]:
        """Return whose voices `role` hears, mixed when they are several."""
        match role:
            case LegRole.CALLER:
                return self._heard(self.caller, role, LegRole.TARGET)
            case LegRole.ASSISTANT:
                return self._heard(self.assistant, role)
            case LegRole.OPERATOR:
                return self._heard(self.operator, role, LegRole.TARGET)
            case LegRole.TARGET:
                return self._heard(self.target, role, LegRole.CALLER)
            case LegRole.SUPERVISOR:
                return self.supervisor

    def _heard(self, source: Source, role: LegRole, third: LegRole | None = None) -> frozenset[LegRole]:
        heard = {source} if isinstance(source, LegRole) else set[LegRole]()
        if self.conference and third is not None:
            heard.add(third)
        if role in self.told:
            heard.add(LegRole.SUPERVISOR)
        return frozenset(heard)

    @property
    def made_for_caller(self) -> Sound | None:
        """What the worker itself plays to the caller: tone or silence, when no voice is to be heard."""
        return self._made(self.caller, LegRole.CALLER)

    @property
    def made_for_target(self) -> Sound | None:
        """What the worker itself plays to the target of a transfer."""
        return self._made(self.target, LegRole.TARGET)

    def _made(self, source: Source, role: LegRole) -> Sound | None:
        made = isinstance(source, Sound) and source is not Sound.NOTHING and not self.voices(role)
        return Sound(source) if made else None

    @property
    def talks_with(self) -> CallPhase:
        """Return who the caller really talks with now; differs from the plan until the operator's audio is up."""
        match self.caller:
            case LegRole.ASSISTANT:
                return CallPhase.ASSISTANT
            case LegRole.OPERATOR | Sound.SILENCE:
                return CallPhase.OPERATOR
            case LegRole.TARGET:
                return CallPhase.TARGET
            case LegRole.CALLER | LegRole.SUPERVISOR | Sound.TONE | Sound.ANNOUNCEMENT:
                return CallPhase.HOLD
            case Sound.PROMPT:
                return CallPhase.VOICEMAIL
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
CONSULTING = Hearing(caller=Sound.TONE, assistant=Sound.NOTHING, operator=LegRole.TARGET, target=LegRole.OPERATOR)
"""The operator talks with the target of a transfer; the caller hears the tone."""
PARKED = replace(WITH_OPERATOR, target=Sound.TONE)
"""The operator talks with the caller; the target hears the tone."""
MERGED = replace(WITH_OPERATOR, target=LegRole.OPERATOR, conference=True)
"""Caller, operator and target talk."""
JOINED = Hearing(caller=LegRole.TARGET, assistant=Sound.NOTHING, operator=Sound.NOTHING, target=LegRole.CALLER)
"""Caller and target talk; nobody of ours is there."""
VOICEMAIL = Hearing(caller=Sound.PROMPT, assistant=Sound.NOTHING, operator=Sound.NOTHING)
"""The caller hears greeting and beep, and is recorded; nobody hears the caller."""
OVER = Hearing(caller=Sound.NOTHING, assistant=Sound.NOTHING, operator=Sound.NOTHING)
"""Nobody hears anything."""


def hearing(
    phase: CallPhase,
    operator: OperatorLeg,
    *,
    muted: bool,
    supervision: Supervision = Supervision.NONE,
    target: TransferStage = TransferStage.OVER,
) -> Hearing:
    """Return what each role hears.

    A leg that starts muted takes the caller at once: it has no first audio to wait for.

    Args:
        phase: Who the caller is meant to talk with.
        operator: How far the operator's leg is.
        muted: The operator is heard by nobody.
        supervision: What the supervisor's leg may do now: NONE or WATCH while it is not there, at most LISTEN while
            it is muted.
        target: Where the target of a transfer stands: OVER or DIALLING while their leg is not there.
    """
    talk = _talk(phase, operator, muted=muted)
    if target is TransferStage.ANNOUNCED:
        return replace(talk, target=Sound.ANNOUNCEMENT) if phase is CallPhase.ASSISTANT else talk
    return _supervised(_with_target(talk, phase, operator, target, muted=muted), supervision)


def _with_target(
    talk: Hearing, phase: CallPhase, operator: OperatorLeg, target: TransferStage, *, muted: bool
) -> Hearing:
    """Return what each role hears with the target of a transfer in the call."""
    here = operator is OperatorLeg.UP
    match phase, target:
        case CallPhase.TARGET, TransferStage.JOINED:
            return JOINED
        case CallPhase.HOLD, TransferStage.CONSULTING:
            consulting = CONSULTING if here else replace(ON_HOLD, target=Sound.TONE)
            return replace(consulting, target=Sound.SILENCE) if here and muted else consulting
        case CallPhase.OPERATOR, TransferStage.PARKED:
            return replace(talk, target=Sound.TONE)
        case CallPhase.OPERATOR, TransferStage.MERGED if not here:
            return JOINED
        case CallPhase.OPERATOR, TransferStage.MERGED:
            return replace(MERGED, caller=Sound.SILENCE, target=Sound.SILENCE) if muted else MERGED
        case _:
            return talk


def _talk(phase: CallPhase, operator: OperatorLeg, *, muted: bool) -> Hearing:
    """Return what each role hears without a supervisor."""
    match phase:
        case CallPhase.ASSISTANT:
            return WITH_ASSISTANT
        case CallPhase.HOLD | CallPhase.TARGET:
            return ON_HOLD
        case CallPhase.VOICEMAIL:
            return VOICEMAIL
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


_OPERATOR: Final = frozenset({LegRole.OPERATOR})
_AUDIBLE: Final = frozenset({Supervision.LISTEN, Supervision.WHISPER, Supervision.BARGE})


def _supervised(talk: Hearing, supervision: Supervision) -> Hearing:
    """Return the hearing of an operator's talk with a supervisor in it; any other stays as it is.

    The supervisor hears whom the operator hears, and the operator; who barges in is heard by all of them.
    """
    others = talk.voices(LegRole.OPERATOR)
    if supervision not in _AUDIBLE or not others or talk.caller is LegRole.ASSISTANT:
        return talk
    speaks = any(LegRole.OPERATOR in talk.voices(role) for role in others)
    told = {
        Supervision.WHISPER: _OPERATOR,
        Supervision.BARGE: _OPERATOR | others,
    }.get(supervision, frozenset[LegRole]())
    return replace(talk, supervisor=others | _OPERATOR if speaks else others, told=told)

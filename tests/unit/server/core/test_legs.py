"""Who hears whom: the whole table, written out."""

import itertools

import pytest

from server.core.legs import Hearing, OperatorLeg, Sound, hearing
from server.wire.terms import CallPhase, LegRole, Supervision

pytestmark = pytest.mark.unit

CALLER, ASSISTANT, OPERATOR, SUPERVISOR = LegRole.CALLER, LegRole.ASSISTANT, LegRole.OPERATOR, LegRole.SUPERVISOR
SILENCE, TONE, NOTHING, PROMPT = Sound.SILENCE, Sound.TONE, Sound.NOTHING, Sound.PROMPT
AWAITED, READY, UP, LOST = OperatorLeg.AWAITED, OperatorLeg.READY, OperatorLeg.UP, OperatorLeg.LOST
LISTEN, WHISPER, BARGE = Supervision.LISTEN, Supervision.WHISPER, Supervision.BARGE

Case = tuple[CallPhase, OperatorLeg, bool]
Heard = tuple[LegRole | Sound, LegRole | Sound, LegRole | Sound]

TABLE: dict[Case, Heard] = {
    # phase, operator leg, muted: what caller, assistant and operator hear
    **{
        (CallPhase.ASSISTANT, leg, muted): (ASSISTANT, CALLER, NOTHING)
        for leg in OperatorLeg
        for muted in (True, False)
    },
    (CallPhase.OPERATOR, AWAITED, False): (ASSISTANT, CALLER, NOTHING),
    (CallPhase.OPERATOR, AWAITED, True): (ASSISTANT, CALLER, NOTHING),
    (CallPhase.OPERATOR, READY, False): (ASSISTANT, CALLER, CALLER),
    (CallPhase.OPERATOR, READY, True): (SILENCE, NOTHING, CALLER),
    (CallPhase.OPERATOR, UP, False): (OPERATOR, NOTHING, CALLER),
    (CallPhase.OPERATOR, UP, True): (SILENCE, NOTHING, CALLER),
    (CallPhase.OPERATOR, LOST, False): (TONE, NOTHING, NOTHING),
    (CallPhase.OPERATOR, LOST, True): (TONE, NOTHING, NOTHING),
    **{(CallPhase.HOLD, leg, muted): (TONE, NOTHING, NOTHING) for leg in OperatorLeg for muted in (True, False)},
    **{(CallPhase.TARGET, leg, muted): (TONE, NOTHING, NOTHING) for leg in OperatorLeg for muted in (True, False)},
    **{(CallPhase.VOICEMAIL, leg, muted): (PROMPT, NOTHING, NOTHING) for leg in OperatorLeg for muted in (True, False)},
    **{(CallPhase.ENDED, leg, muted): (NOTHING, NOTHING, NOTHING) for leg in OperatorLeg for muted in (True, False)},
}

Voices = dict[LegRole, set[LegRole]]

SUPERVISED: dict[tuple[bool, Supervision], Voices] = {
    # muted, step of the ladder: whose voices each role hears while caller and operator talk
    (False, LISTEN): {CALLER: {OPERATOR}, OPERATOR: {CALLER}, SUPERVISOR: {CALLER, OPERATOR}},
    (False, WHISPER): {CALLER: {OPERATOR}, OPERATOR: {CALLER, SUPERVISOR}, SUPERVISOR: {CALLER, OPERATOR}},
    (False, BARGE): {CALLER: {OPERATOR, SUPERVISOR}, OPERATOR: {CALLER, SUPERVISOR}, SUPERVISOR: {CALLER, OPERATOR}},
    (True, LISTEN): {CALLER: set(), OPERATOR: {CALLER}, SUPERVISOR: {CALLER}},
    (True, WHISPER): {CALLER: set(), OPERATOR: {CALLER, SUPERVISOR}, SUPERVISOR: {CALLER}},
    (True, BARGE): {CALLER: {SUPERVISOR}, OPERATOR: {CALLER, SUPERVISOR}, SUPERVISOR: {CALLER}},
}
TALKING = {(CallPhase.OPERATOR, READY, True), (CallPhase.OPERATOR, UP, True), (CallPhase.OPERATOR, UP, False)}
"""Where caller and operator talk, the operator muted or not."""
EVERYTHING = list(itertools.product(TABLE, Supervision))


def test_the_table_has_every_combination() -> None:
    assert set(TABLE) == set(itertools.product(CallPhase, OperatorLeg, (True, False)))
    assert len(EVERYTHING) == 240


@pytest.mark.parametrize(("case", "heard"), TABLE.items(), ids=lambda value: "-".join(map(str, value)))
def test_each_role_hears_what_the_table_says(case: Case, heard: Heard) -> None:
    phase, leg, muted = case
    result = hearing(phase, leg, muted=muted)
    assert (result.caller, result.assistant, result.operator) == heard
    assert (result.supervisor, result.told) == (frozenset(), frozenset())


@pytest.mark.parametrize(("case", "step"), EVERYTHING, ids=str)
def test_with_a_supervisor_each_role_hears_exactly_the_voices_of_the_table(case: Case, step: Supervision) -> None:
    phase, leg, muted = case
    result = hearing(phase, leg, muted=muted, supervision=step)
    unsupervised: Voices = dict(zip((CALLER, ASSISTANT, OPERATOR), map(voice, TABLE[case]), strict=True))
    expected: Voices = {**unsupervised, SUPERVISOR: set(), LegRole.TARGET: set()}
    if case in TALKING and (muted, step) in SUPERVISED:
        expected.update(SUPERVISED[muted, step])
    assert {role: set(result.voices(role)) for role in LegRole} == expected


def voice(heard: LegRole | Sound) -> set[LegRole]:
    return {heard} if isinstance(heard, LegRole) else set()


@pytest.mark.parametrize(("case", "step"), EVERYTHING, ids=str)
def test_nobody_hears_themselves_and_assistant_and_our_people_never_hear_each_other(
    case: Case, step: Supervision
) -> None:
    phase, leg, muted = case
    result = hearing(phase, leg, muted=muted, supervision=step)
    assert all(role not in result.voices(role) for role in LegRole)
    assert result.voices(ASSISTANT) <= {CALLER}
    assert ASSISTANT not in result.voices(OPERATOR) | result.voices(SUPERVISOR)


@pytest.mark.parametrize(("case", "step"), EVERYTHING, ids=str)
def test_a_muted_operator_is_never_heard(case: Case, step: Supervision) -> None:
    phase, leg, _ = case
    result = hearing(phase, leg, muted=True, supervision=step)
    assert all(OPERATOR not in result.voices(role) for role in LegRole)


@pytest.mark.parametrize("case", TABLE, ids=str)
@pytest.mark.parametrize("step", [Supervision.NONE, Supervision.WATCH, LISTEN])
def test_who_only_listens_is_heard_by_nobody_and_changes_nothing_for_the_others(case: Case, step: Supervision) -> None:
    phase, leg, muted = case
    alone, supervised = hearing(phase, leg, muted=muted), hearing(phase, leg, muted=muted, supervision=step)
    others = (CALLER, ASSISTANT, OPERATOR)
    assert [supervised.voices(role) for role in others] == [alone.voices(role) for role in others]
    assert supervised.made_for_caller is alone.made_for_caller


@pytest.mark.parametrize("case", TABLE, ids=str)
def test_the_caller_never_hears_a_whisper(case: Case) -> None:
    phase, leg, muted = case
    assert SUPERVISOR not in hearing(phase, leg, muted=muted, supervision=WHISPER).voices(CALLER)


@pytest.mark.parametrize(
    ("muted", "step", "made"),
    [(True, LISTEN, SILENCE), (True, WHISPER, SILENCE), (True, BARGE, None), (False, BARGE, None)],
)
def test_silence_is_made_only_for_a_caller_who_hears_no_voice(
    muted: bool, step: Supervision, made: Sound | None
) -> None:
    assert hearing(CallPhase.OPERATOR, UP, muted=muted, supervision=step).made_for_caller is made


@pytest.mark.parametrize(
    ("heard", "phase"),
    [
        (ASSISTANT, CallPhase.ASSISTANT),
        (OPERATOR, CallPhase.OPERATOR),
        (SILENCE, CallPhase.OPERATOR),
        (LegRole.TARGET, CallPhase.TARGET),
        (TONE, CallPhase.HOLD),
        (NOTHING, CallPhase.ENDED),
    ],
)
def test_whom_the_caller_talks_with_follows_from_what_the_caller_hears(
    heard: LegRole | Sound, phase: CallPhase
) -> None:
    assert Hearing(caller=heard, assistant=NOTHING, operator=NOTHING).talks_with is phase

"""Who hears whom with the target of a transfer in the call: the whole table, written out."""

import itertools

import pytest

from server.core.legs import OperatorLeg, Sound, hearing
from server.wire.terms import CallPhase, LegRole, Supervision, TransferStage

pytestmark = pytest.mark.unit

C, P, T, S, A = LegRole.CALLER, LegRole.OPERATOR, LegRole.TARGET, LegRole.SUPERVISOR, LegRole.ASSISTANT
TONE, SILENCE, NOTHING = Sound.TONE, Sound.SILENCE, Sound.NOTHING
UP, LOST = OperatorLeg.UP, OperatorLeg.LOST
HOLD, TALK, LEFT = CallPhase.HOLD, CallPhase.OPERATOR, CallPhase.TARGET
Heard = set[LegRole] | Sound
Case = tuple[CallPhase, TransferStage, OperatorLeg, bool]

TABLE: dict[Case, tuple[Heard, Heard, Heard]] = {
    # phase, stage, operator's leg, muted: what caller, operator and target hear
    (HOLD, TransferStage.DIALLING, UP, False): (TONE, NOTHING, NOTHING),
    (TALK, TransferStage.DIALLING, UP, False): ({P}, {C}, NOTHING),
    (HOLD, TransferStage.CONSULTING, UP, False): (TONE, {T}, {P}),
    (HOLD, TransferStage.CONSULTING, UP, True): (TONE, {T}, SILENCE),
    (HOLD, TransferStage.CONSULTING, LOST, False): (TONE, NOTHING, TONE),
    (HOLD, TransferStage.CONSULTING, LOST, True): (TONE, NOTHING, TONE),
    (TALK, TransferStage.PARKED, UP, False): ({P}, {C}, TONE),
    (TALK, TransferStage.PARKED, UP, True): (SILENCE, {C}, TONE),
    (TALK, TransferStage.PARKED, LOST, False): (TONE, NOTHING, TONE),
    (TALK, TransferStage.MERGED, UP, False): ({P, T}, {C, T}, {C, P}),
    (TALK, TransferStage.MERGED, UP, True): ({T}, {C, T}, {C}),
    (TALK, TransferStage.MERGED, LOST, False): ({T}, NOTHING, {C}),
    (LEFT, TransferStage.JOINED, UP, False): ({T}, NOTHING, {C}),
    (LEFT, TransferStage.JOINED, LOST, False): ({T}, NOTHING, {C}),
    (LEFT, TransferStage.OVER, UP, False): (TONE, NOTHING, NOTHING),
}


@pytest.mark.parametrize(("case", "heard"), TABLE.items(), ids=["-".join(map(str, case)) for case in TABLE])
def test_each_party_hears_what_the_table_says(case: Case, heard: tuple[Heard, Heard, Heard]) -> None:
    phase, stage, leg, muted = case
    result = hearing(phase, leg, muted=muted, target=stage)
    assert [set(result.voices(role)) for role in (C, P, T)] == [one if isinstance(one, set) else set() for one in heard]
    made = [one if one in {TONE, SILENCE} else None for one in map(_sound, heard)]
    assert [result.made_for_caller, result.made_for_target] == [made[0], made[2]]
    assert result.voices(A) == frozenset(), "the assistant is out of the call while a person has the caller"


def _sound(heard: Heard) -> Sound:
    return heard if isinstance(heard, Sound) else NOTHING


SUPERVISED: dict[tuple[TransferStage, Supervision], dict[LegRole, set[LegRole]]] = {
    (TransferStage.CONSULTING, Supervision.LISTEN): {C: set(), P: {T}, T: {P}, S: {P, T}},
    (TransferStage.CONSULTING, Supervision.WHISPER): {C: set(), P: {T, S}, T: {P}, S: {P, T}},
    (TransferStage.CONSULTING, Supervision.BARGE): {C: set(), P: {T, S}, T: {P, S}, S: {P, T}},
    (TransferStage.PARKED, Supervision.LISTEN): {C: {P}, P: {C}, T: set(), S: {P, C}},
    (TransferStage.PARKED, Supervision.WHISPER): {C: {P}, P: {C, S}, T: set(), S: {P, C}},
    (TransferStage.PARKED, Supervision.BARGE): {C: {P, S}, P: {C, S}, T: set(), S: {P, C}},
    (TransferStage.MERGED, Supervision.LISTEN): {C: {P, T}, P: {C, T}, T: {C, P}, S: {C, P, T}},
    (TransferStage.MERGED, Supervision.WHISPER): {C: {P, T}, P: {C, T, S}, T: {C, P}, S: {C, P, T}},
    (TransferStage.MERGED, Supervision.BARGE): {C: {P, T, S}, P: {C, T, S}, T: {C, P, S}, S: {C, P, T}},
    (TransferStage.JOINED, Supervision.BARGE): {C: {T}, P: set(), T: {C}, S: set()},
}
PHASES = {TransferStage.CONSULTING: HOLD, TransferStage.JOINED: LEFT}


@pytest.mark.parametrize(("case", "heard"), SUPERVISED.items(), ids=["-".join(case) for case in SUPERVISED])
def test_a_supervisor_hears_whom_the_operator_hears_and_is_heard_by_the_step_of_the_ladder(
    case: tuple[TransferStage, Supervision], heard: dict[LegRole, set[LegRole]]
) -> None:
    stage, step = case
    result = hearing(PHASES.get(stage, TALK), UP, muted=False, supervision=step, target=stage)
    assert {role: set(result.voices(role)) for role in (C, P, T, S)} == heard


EVERYTHING = list(itertools.product(CallPhase, TransferStage, OperatorLeg, (True, False), Supervision))


def test_nowhere_in_the_table_does_anybody_hear_themselves_or_a_muted_operator() -> None:
    for phase, stage, leg, muted, step in EVERYTHING:
        result = hearing(phase, leg, muted=muted, supervision=step, target=stage)
        case = (phase, stage, leg, muted, step)
        assert all(role not in result.voices(role) for role in LegRole), case
        assert not muted or all(P not in result.voices(role) for role in LegRole), case
        assert result.voices(A) <= {C}, case
        assert A not in result.voices(T), case


def test_whoever_waits_hears_the_tone_and_never_the_other_two() -> None:
    for muted, step in itertools.product((True, False), Supervision):
        consulting = hearing(HOLD, UP, muted=muted, supervision=step, target=TransferStage.CONSULTING)
        parked = hearing(TALK, UP, muted=muted, supervision=step, target=TransferStage.PARKED)
        assert (consulting.voices(C), consulting.made_for_caller) == (frozenset(), TONE)
        assert (parked.voices(T), parked.made_for_target) == (frozenset(), TONE)


def test_a_target_whose_leg_is_not_in_the_call_changes_nothing_for_anybody() -> None:
    for phase, leg, muted, step in itertools.product(CallPhase, OperatorLeg, (True, False), Supervision):
        alone = hearing(phase, leg, muted=muted, supervision=step)
        for stage in (TransferStage.DIALLING, TransferStage.OVER):
            assert hearing(phase, leg, muted=muted, supervision=step, target=stage) == alone

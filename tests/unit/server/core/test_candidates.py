"""The candidates of a round answer each session as it would be answered alone, after whoever was rung has left."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.core.candidates import Candidates
from server.core.ranking import ranked
from server.core.routing import Case, Facts
from server.core.strategy import Strategy
from server.wire.skills import Skill
from server.wire.terms import Medium, OperatorId, Presence, Role, SessionState
from tests.unit.server.core.building import after, in_state, operator

pytestmark = pytest.mark.unit

NAMES = [OperatorId(name) for name in "abcdef"]
LEVELS = st.sampled_from(
    [(), (Skill(name="tax", level=1),), (Skill(name="tax", level=3),), (Skill(name="law", level=1),)]
)
OPERATORS = st.builds(
    lambda idle, rung, skills, presence, connected, role, chats, calls, rests: {
        "idle_since": after(idle),
        "rung_at": after(rung),
        "skills": skills,
        "presence": presence,
        "connected": connected,
        "role": role,
        "capacity_chat": chats,
        "capacity_voice": calls,
        "rests_until": after(rests) if rests else None,
    },
    st.integers(0, 5),
    st.integers(0, 5),
    LEVELS,
    st.sampled_from([Presence.AVAILABLE, Presence.AVAILABLE, Presence.AWAY]),
    st.sampled_from([True, True, False]),
    st.sampled_from([Role.OPERATOR, Role.OPERATOR, Role.VIEWER]),
    st.integers(0, 3),
    st.integers(0, 1),
    st.sampled_from([0, 0, 90, 110]),
)
SESSIONS = st.tuples(st.sampled_from(list(Medium)), LEVELS, st.sets(st.sampled_from(NAMES), max_size=3))


@given(
    st.lists(OPERATORS, min_size=1, max_size=6),
    st.lists(SESSIONS, min_size=1, max_size=6),
    st.sampled_from(list(Strategy)),
    st.dictionaries(st.sampled_from(NAMES), st.integers(1, 3), max_size=4),
    st.sets(st.sampled_from(NAMES), max_size=2),
)
def test_a_round_answers_as_each_session_alone_would(
    people: list[dict], waiting: list, strategy: Strategy, busy: dict[OperatorId, int], rung: set[OperatorId]
) -> None:
    team = [operator(name, **facts) for name, facts in zip(NAMES, people, strict=False)]
    in_hand = {who: {Medium.CHAT: count} for who, count in busy.items()}
    facts = Facts(
        handle_seconds={NAMES[0]: 50.0, NAMES[1]: 40.0}, score={NAMES[2]: 4.0}, last=NAMES[3], named=(NAMES[4],)
    )
    candidates = Candidates(team, in_hand, after(100), rung)
    out = set(rung)
    for medium, needs, declined in waiting:
        session = replace(in_state(SessionState.QUEUED, medium), declined_by=tuple(declined))
        case = Case(session, needs, in_hand, after(100))
        alone = [one for one in ranked(strategy, team, case, facts) if one.id not in out]
        assert candidates.ranked(strategy, case, facts) == alone
        assert candidates.first(strategy, case, facts) == (alone[0] if alone else None)
        assert candidates.anybody_for(replace(case)) >= bool(alone)
        if alone:
            candidates.leave(alone[0].id)
            out.add(alone[0].id)
    somebody = [
        one
        for one in team
        if one.id not in out
        for medium in Medium
        if ranked(
            Strategy.LONGEST_IDLE, [one], Case(in_state(SessionState.QUEUED, medium), (), in_hand, after(100)), facts
        )
    ]
    assert candidates.none == (not somebody)


@pytest.mark.parametrize("strategy", [one for one in Strategy if one is not Strategy.PULL])
def test_whoever_was_rung_is_not_rung_for_the_next_session(strategy: Strategy) -> None:
    team = [operator("a", idle_since=after(1)), operator("b", idle_since=after(2))]
    candidates = Candidates(team, {}, after(100))
    case = Case(in_state(SessionState.QUEUED, Medium.CHAT), (), {}, after(100))
    rung = []
    while (chosen := candidates.first(strategy, case, Facts())) is not None and len(rung) < 5:
        rung.append(chosen.id)
        candidates.leave(chosen.id)
    assert rung == ["a", "b"]
    assert candidates.ranked(strategy, case, Facts()) == []

"""Each strategy picks an operator that no other would; skills are needed, and ease as the wait grows."""

import pytest

from server.core.presence import Operator
from server.core.ranking import first, ranked
from server.core.routing import Case, Facts, Rule, fits, verdicts
from server.core.strategy import WORDS, Routing, Strategy, Widening
from server.wire.skills import Skill
from server.wire.terms import Medium, OperatorId, Presence, Role, SessionState
from tests.unit.server.core.building import NOW, after, in_state, operator

pytestmark = pytest.mark.unit

CHAT = in_state(SessionState.QUEUED, Medium.CHAT)
ANN, BEN, CAT, DAN, EVE = (OperatorId(name) for name in ("ann", "ben", "cat", "dan", "eve"))
TEAM = (
    operator("ann", idle_since=after(10), rung_at=after(5), capacity_chat=8),
    operator("ben", idle_since=after(20), rung_at=after(4), capacity_chat=8),
    operator("cat", idle_since=after(30), rung_at=after(1), capacity_chat=8),
    operator("dan", idle_since=after(40), rung_at=after(3), capacity_chat=8),
    operator("eve", idle_since=after(50), rung_at=after(2), capacity_chat=40),
)
IN_HAND = {who: {Medium.CHAT: 1} for who in (BEN, CAT, DAN)} | {EVE: {Medium.CHAT: 2}, ANN: {Medium.CHAT: 1}}
FACTS = Facts(
    handle_seconds={ANN: 90.0, BEN: 50.0, CAT: 80.0, DAN: 70.0, EVE: 60.0},
    score={ANN: 4.0, BEN: 3.0, CAT: 4.1, DAN: 4.9, EVE: 4.5},
    last=CAT,
    named=(DAN, EVE),
)


def case(*needs: Skill) -> Case:
    return Case(CHAT, needs, IN_HAND, after(100))


@pytest.mark.parametrize(
    ("strategy", "chosen"),
    [
        (Strategy.LONGEST_IDLE, ANN),
        (Strategy.LEAST_BUSY, EVE),
        (Strategy.ROUND_ROBIN, CAT),
        (Strategy.LOWEST_HANDLE_TIME, BEN),
        (Strategy.HIGHEST_SCORE, DAN),
        (Strategy.LAST_OPERATOR, CAT),
        (Strategy.HTTP, DAN),
        (Strategy.PULL, None),
    ],
)
def test_each_strategy_picks_by_its_own_measure(strategy: Strategy, chosen: OperatorId | None) -> None:
    picked = first(strategy, TEAM, case(), FACTS)
    assert (picked.id if picked else None) == chosen
    order = ranked(strategy, TEAM, case(), FACTS)
    assert order[:1] == ([picked] if picked else [])
    assert len(order) == (0 if strategy is Strategy.PULL else len(TEAM))
    assert strategy in WORDS


def test_without_figures_a_strategy_falls_back_to_the_longest_idle() -> None:
    for strategy in set(Strategy) - {Strategy.PULL, Strategy.LEAST_BUSY, Strategy.ROUND_ROBIN}:
        picked = first(strategy, TEAM, case(), Facts())
        assert picked is not None
        assert picked.id == ANN, strategy


def test_newcomers_count_as_the_mean_and_get_work() -> None:
    facts = Facts(handle_seconds={ANN: 30.0, BEN: 90.0})
    assert [one.id for one in ranked(Strategy.LOWEST_HANDLE_TIME, TEAM, case(), facts)] == [ANN, CAT, DAN, EVE, BEN]


def test_who_lacks_a_skill_is_not_rung() -> None:
    german = operator("gus", skills=(Skill(name="german", level=2),))
    assert fits(german, case(Skill(name="german", level=2)))
    assert not fits(german, case(Skill(name="german", level=3)))
    assert not fits(german, case(Skill(name="german", level=1), Skill(name="billing")))
    assert first(Strategy.LONGEST_IDLE, (*TEAM, german), case(Skill(name="german")), Facts()) == german


def test_levels_ease_as_the_wait_grows() -> None:
    queue = Routing(skills=(Skill(name="billing", level=3),), widen=(Widening(20, 1), Widening(60, 3)))
    own = (Skill(name="german", level=2), Skill(name="billing", level=1))
    at = {
        0: {"billing": 3, "german": 2},
        19.9: {"billing": 3, "german": 2},
        20: {"billing": 2, "german": 1},
        60: {},
    }
    for seconds, levels in at.items():
        assert {need.name: need.level for need in queue.needs(own, seconds)} == levels
    assert [queue.widens_after(own, seconds) for seconds in (0, 20, 60)] == [20, 60, None]
    assert Routing(widen=(Widening(20, 1),)).widens_after((), 0) is None, "nothing to ease"


@pytest.mark.parametrize(
    ("changes", "rule", "words"),
    [
        ({"role": Role.VIEWER}, Rule.MAY_HANDLE, "only looks on: a viewer"),
        ({"presence": Presence.AWAY, "reason": "lunch"}, Rule.ON_DUTY, "is away (lunch)"),
        ({"connected": False}, Rule.CONNECTED, "has no console open"),
        ({"rests_until": after(130)}, Rule.RESTED, "rests after a ring until"),
        ({"capacity_chat": 1}, Rule.ROOM, "has no room for a chat (0 calls, 1 chats in hand)"),
        ({"skills": (Skill(name="german", level=1),)}, Rule.SKILLS, "lacks german 2 (has 1)"),
    ],
)
def test_one_rule_alone_stands_in_the_way_and_says_so(changes: dict[str, object], rule: Rule, words: str) -> None:
    able: dict[str, object] = {"skills": (Skill(name="german", level=2),), "capacity_chat": 8}
    one = operator("ann", **{**able, **changes})
    found = verdicts(one, case(Skill(name="german", level=2)))
    assert [said.rule for said in found if not said.passed] == [rule]
    assert [said.rule for said in found] == list(Rule)
    assert words in next(said.words for said in found if said.rule is rule)
    assert not fits(one, case(Skill(name="german", level=2)))


def test_a_rest_is_over_when_its_time_has_come() -> None:
    resting: Operator = operator("ann", rests_until=after(100), capacity_chat=8)
    assert fits(resting, case())
    assert after(100) > NOW

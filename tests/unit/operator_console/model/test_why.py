"""The page of `:why`: what stands where, what comes, and harmless text whatever the broker sent."""

from datetime import timedelta

import pytest

from operator_console.model.why import clean_why, why_pages
from server.wire.routing import Candidate, NextStep, RuleResult, WhyView
from server.wire.skills import Skill
from server.wire.terms import OperatorId, Presence, SessionId, SessionState
from tests.fakes.console_data import NOW

pytestmark = pytest.mark.unit


def explanation(**changes: object) -> WhyView:
    known: dict[str, object] = {
        "session_id": SessionId("s42"),
        "number": "H-0042",
        "state": SessionState.QUEUED,
        "queue": "billing",
        "summary": "H-0042 waits. Mia is next, when those before it in the queue have been rung.",
        "strategy": "least in hand, then idle for the longest time",
        "position": 2,
        "waited_seconds": 75.0,
        "needs": (Skill(name="billing", level=3),),
        "candidates": (
            Candidate(
                operator_id=OperatorId("mia"),
                name="Mia",
                presence=Presence.AVAILABLE,
                rules=(RuleResult(rule="room", passed=True, words="has room"),),
                place=1,
            ),
            Candidate(
                operator_id=OperatorId("sam"),
                name="Sam\x1b[31m",
                presence=Presence.AWAY,
                rules=(
                    RuleResult(rule="on_duty", passed=False, words="is away (lunch)"),
                    RuleResult(rule="skills", passed=False, words="lacks billing 3 (has 1)"),
                    RuleResult(rule="room", passed=True, words="has room"),
                ),
            ),
        ),
        "steps": (
            NextStep(at=NOW + timedelta(seconds=40), what="the customer is told: One moment."),
            NextStep(at=NOW - timedelta(seconds=1), what="it rings again at those who let it pass"),
        ),
    }
    return WhyView(**{**known, **changes})  # type: ignore[arg-type]


def test_the_page_says_who_is_next_what_stands_in_whose_way_and_what_comes() -> None:
    pages = dict(why_pages(clean_why(explanation()), NOW, None))
    assert pages["H-0042 in queue billing"] == [
        "H-0042 waits. Mia is next, when those before it in the queue have been rung.",
        "Place 2, waiting for 1:15. Skills needed: billing 3.",
        "Rings first: least in hand, then idle for the longest time.",
    ]
    first, second = pages["Comes by itself"]
    assert first.endswith("in 0:40: the customer is told: One moment.")
    assert second.endswith("now: it rings again at those who let it pass")
    assert pages["Operators"] == [
        "1. Mia: may be rung",
        "-  Sam\ufffd[31m: is away (lunch); lacks billing 3 (has 1)",
    ]


def test_empty_chapters_say_so() -> None:
    held = explanation(state=SessionState.ACTIVE, position=0, candidates=(), steps=(), summary="In Mia's hands.")
    pages = dict(why_pages(clean_why(held), NOW, None))
    assert pages["Comes by itself"] == ["nothing"]
    assert pages["Operators"] == ["nobody is looked for"]

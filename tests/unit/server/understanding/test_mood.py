"""Rules of mood: a word and a score for each turn, a course for each party, and a sudden turn shows at once."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.understanding.mood import JUMP, LABELS, mood_of, party_mood

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("thank you so much, you made my day", "happy"),
        ("my account number is 4471920", "neutral"),
        ("I have been waiting for two weeks and nobody gets back to me", "frustrated"),
        ("this is absolutely unacceptable, you people are thieves", "angry"),
        ("", "neutral"),
        ("4471", "neutral"),
    ],
)
def test_a_turn_has_a_word(text: str, label: str) -> None:
    assert mood_of(text).label == label


def test_worse_words_score_lower() -> None:
    said = (
        "thank you, that was brilliant",
        "what are the fees",
        "still no answer after three weeks",
        "shut up you thieves",
    )
    scores = [mood_of(text).score for text in said]
    assert scores == sorted(scores, reverse=True)


@settings(deadline=None, max_examples=150)
@given(st.text(max_size=300))
def test_any_turn_has_a_mood(text: str) -> None:
    mood = mood_of(text)
    assert mood.label in LABELS
    assert -1.0 <= mood.score <= 1.0
    assert sum(mood.shares) == pytest.approx(1.0, abs=1e-3)


def test_smoothing_leans_on_the_last_turns() -> None:
    calm = party_mood([0.0, -0.3, 0.0, -0.3])
    assert -0.3 < calm.score < 0.0
    assert len(calm.course) == 4


def test_a_sudden_turn_shows_at_once() -> None:
    mood = party_mood([0.4, 0.3, 0.4, 0.4 - JUMP - 0.5])
    assert mood.score == pytest.approx(0.4 - JUMP - 0.5, abs=0.01)
    assert mood.label == "angry"


@given(st.lists(st.floats(-1, 1), max_size=50))
def test_a_course_stays_between_the_scores_of_its_turns(scores: list[float]) -> None:
    mood = party_mood(scores)
    assert len(mood.course) == len(scores)
    for at, value in enumerate(mood.course):
        assert min(scores[: at + 1]) - 0.002 <= value <= max(scores[: at + 1]) + 0.002


def test_nobody_who_said_nothing_has_a_course() -> None:
    assert party_mood([]).course == ()

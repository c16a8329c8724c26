"""Rules of the guard's model: rules and likeness are weighed together, and one run of the encoder serves a turn."""

import pytest

from server.understanding.encoder import Encoder, load_encoder
from server.understanding.guard import judge
from server.understanding.guard_model import CUES, CUES_OF_WORDS, ByRule, cues, weigh
from server.understanding.text import clauses

pytestmark = pytest.mark.unit


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    found = load_encoder()
    assert isinstance(found, Encoder), found
    return found


@pytest.mark.parametrize(
    "text",
    [
        "I'd feel better if one of your staff looked into it with me",
        "who else can I discuss this with",
        "the shower is broken and my card is lost. could a colleague take this over",
    ],
)
def test_a_wish_that_no_rule_foresaw_is_told_by_its_meaning(encoder: Encoder, text: str) -> None:
    verdict = judge(text, encoder)
    assert verdict.genuine, verdict
    assert verdict.span
    assert verdict.span in text


@pytest.mark.parametrize(
    "text",
    [
        "your colleague in the shop told me it was fine",
        "how many people work for you",
        "I was transferred twice yesterday and nothing happened",
        "call the restaurant and book a table for two",
    ],
)
def test_what_only_sounds_like_a_wish_is_told_by_its_meaning(encoder: Encoder, text: str) -> None:
    assert not judge(text, encoder).genuine, judge(text, encoder)


def test_a_rule_weighs_but_does_not_decide_alone(encoder: Encoder) -> None:
    text = "where is my parcel"
    alone = weigh(text, clauses(text), ByRule(), encoder).score
    found = weigh(text, clauses(text), ByRule(weight=0.95), encoder).score
    denied = weigh(text, clauses(text), ByRule(denied=True), encoder).score
    assert denied <= alone < found


def test_scores_beyond_measure_say_no_more() -> None:
    assert list(cues(ByRule(), [99.0, -99.0], [1.0, 2.0])[-4:]) == [8.0, -8.0, 1.0, 2.0]
    assert (len(cues(ByRule(), [0.0, 0.0], [0.0, 0.0])), len(cues(ByRule(), [0.0, 0.0], ()))) == (CUES, CUES_OF_WORDS)


def test_one_run_serves_the_turn_and_its_clauses(encoder: Encoder) -> None:
    text = "No need to call. I want a person! And my money."
    pieces = clauses(text)
    whole, parts = encoder.read(text, [piece.start for piece in pieces])
    assert parts.shape[0] == len(pieces) == 3
    assert float(whole @ encoder.encode([text])[0]) == pytest.approx(1.0, abs=1e-5)
    assert float(parts[1] @ encoder.encode(["I want a person"])[0]) > float(
        parts[2] @ encoder.encode(["I want a person"])[0]
    )

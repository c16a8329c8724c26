"""Rules of the guard: a wish for a person counts, one that is taken back does not, the words that decided are shown."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.understanding.guard import judge
from server.understanding.text import clauses, plain

pytestmark = pytest.mark.unit

ASKS = (
    "I want to talk to a human",
    "human. now.",
    "can you put me through to somebody in billing please",
    "I want those 30 pounds back, put me through with a bank worker",
    "yes please transfer me",
    "you're useless, get your manager",
    "can somebody from your team ring me back?",
    "I don't want to talk to you, I want to talk to your boss",
    "why can't I just speak to a real person",
    "i need 2 talk 2 sum1",
)
DOES_NOT_ASK = (
    ("no need to transfer me, thanks", "negated"),
    ("I don't need a human, just tell me my balance", "negated"),
    ("no, don't escalate it, I'd rather cancel", "negated"),
    ("I spoke to your supervisor Maria, lovely person", ""),
    ("my husband wanted to talk to a manager about it", "third party"),
    ("can I transfer money to another person?", ""),
    ("is the cream safe for human skin?", ""),
    ("how many people work in your support team?", ""),
    ("can you call me something else", "another meaning"),
    ("where is my parcel", ""),
    ("", ""),
)
OTHER_TONGUES = (
    ("hablar con un representante por favor", "no quiero hablar con una persona"),
    ("ich möchte mit einem Menschen sprechen", "ich möchte nicht mit einem Menschen sprechen"),
    ("je voudrais parler à quelqu'un", "je ne veux pas parler à une personne"),
    ("voglio parlare con un operatore", "non voglio parlare con un operatore"),
    ("quero falar com um atendente", "não quero falar com um atendente"),
    ("ik wil graag een medewerker spreken", "ik wil geen medewerker spreken"),
    ("хочу поговорить с оператором", "не надо соединять, не хочу говорить с оператором"),
    ("我要转人工", "不用转人工"),
    ("担当者と話したいです", "担当者と話す必要はありません"),
)


@pytest.mark.parametrize("text", ASKS)
def test_a_genuine_wish_counts_and_shows_its_words(text: str) -> None:
    verdict = judge(text)
    assert verdict.genuine, verdict
    assert verdict.span
    assert plain(text)[verdict.start :].startswith(verdict.span)


@pytest.mark.parametrize(("text", "why"), DOES_NOT_ASK)
def test_what_only_sounds_like_a_wish_does_not_count(text: str, why: str) -> None:
    verdict = judge(text)
    assert not verdict.genuine, verdict
    assert why in verdict.reason


@pytest.mark.parametrize(("asks", "denies"), OTHER_TONGUES)
def test_other_languages_ask_and_deny_too(asks: str, denies: str) -> None:
    assert judge(asks).genuine, judge(asks)
    assert not judge(denies).genuine, judge(denies)


def test_a_compound_turn_counts_by_the_clause_that_asks() -> None:
    verdict = judge("No need to call me. But my card is blocked and I want to speak to a person, today.")
    assert verdict.genuine
    assert "speak to a person" in verdict.span


@settings(deadline=None, max_examples=200)
@given(st.text(max_size=300))
def test_anything_can_be_judged(text: str) -> None:
    verdict = judge(text)
    assert 0.0 <= verdict.score <= 1.0
    assert verdict.span in plain(text)


@settings(deadline=None, max_examples=200)
@given(st.text(alphabet="ab ,.!?;:-\nAB1", max_size=200))
def test_clauses_are_pieces_of_the_text_in_order(text: str) -> None:
    said = plain(text)
    end = 0
    for clause in clauses(said):
        assert clause.start >= end
        assert said[clause.start : clause.start + len(clause.text)] == clause.text
        end = clause.start + len(clause.text)


def test_a_flood_is_cut_and_still_judged() -> None:
    assert judge("I want to talk to a human. " + "blah, " * 100_000).genuine

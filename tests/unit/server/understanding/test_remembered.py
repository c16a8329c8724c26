"""What was worked out once and remembered is what would be worked out now, on transcripts drawn by chance."""

import random
from datetime import UTC, datetime

import pytest

from server.broker.ports.understanding import Turn
from server.understanding import assess, facts
from server.understanding.actions import read_actions
from server.understanding.assess import Assessor
from server.understanding.card import CardWriter
from server.understanding.trigger_settings import TriggerSettings
from server.wire.terms import Author, ConversationId, MessageId
from server.wire.views import Context, MessageView

SAID = (
    "My order is {n} and it never came.",
    "I was charged {n}.99 twice, give me my money back!",
    "That's A {n} double oh s as in sugar.",
    "Can I talk to a real person please?",
    "No, you don't need to transfer me.",
    "I already told you that, this is the third time",
    "yes",
    "no, that is wrong",
    "I want to close my account",
    "Thanks, wonderful.",
    "call me on 0151 {n} after {d} June",
)
ANSWERED = (
    "What is your order number?",
    "So that is {n}, correct?",
    "I'm sorry, I don't know how to help with that.",
    "I have checked both payments, the second one is settled.",
    "Could you say that another way?",
    "Please restart the box and try again.",
)
AUTHORS = (Author.CUSTOMER, Author.ASSISTANT, Author.OPERATOR)


def transcript(seed: int, length: int) -> list[tuple[Author, str]]:
    dice = random.Random(seed)
    numbers = [str(dice.randint(10_000, 9_999_999)) for _ in range(3)]
    turns: list[tuple[Author, str]] = []
    for _ in range(length):
        author = dice.choices(AUTHORS, (5, 4, 1))[0]
        words = dice.choice(
            (*SAID, *ANSWERED) if dice.random() < 0.3 else SAID if author is Author.CUSTOMER else ANSWERED
        )
        turns.append((author, words.format(n=dice.choice(numbers), d=dice.randint(1, 30))))
    return turns


def looked_at(turns: list[tuple[Author, str]]) -> list[Turn]:
    return [Turn(author, text) for author, text in turns]


def stored(turns: list[tuple[Author, str]]) -> list[MessageView]:
    return [
        MessageView(
            id=MessageId(f"msg_{at}"),
            conversation_id=ConversationId("con_1"),
            position=at,
            author=author,
            text=text,
            at=datetime(2026, 1, 1, tzinfo=UTC),
        )
        for at, (author, text) in enumerate(turns, 1)
    ]


@pytest.mark.parametrize("seed", range(5))
def test_a_conversation_looked_at_as_it_streams_shows_what_a_fresh_look_shows(seed: int) -> None:
    turns = looked_at(transcript(seed, 24))
    streaming = Assessor(TriggerSettings(), None)
    for upto in range(1, len(turns) + 1):
        known = streaming.assess(turns[:upto], {})
        if upto % 6 == 0:
            assert known == Assessor(TriggerSettings(), None).assess(turns[:upto], {})


def test_what_was_forgotten_is_worked_out_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assess, "MOST_KNOWN", 4)
    turns = looked_at(transcript(9, 30))
    small = Assessor(TriggerSettings(), None)
    for upto in (10, 20, 30):
        assert small.assess(turns[:upto], {}) == Assessor(TriggerSettings(), None).assess(turns[:upto], {})


@pytest.mark.parametrize("seed", range(5))
def test_a_card_read_ahead_is_the_card_read_at_once(seed: int) -> None:
    turns = stored(transcript(100 + seed, 60))
    ahead = CardWriter(read_actions())
    for turn in turns:
        ahead.heard(turn)
    first = ahead.understand(Context(), turns)
    facts.forget()
    assert first == CardWriter(read_actions()).understand(Context(), turns)
    assert first.facts
    assert first.summary


def test_a_card_that_was_read_ahead_reads_no_turn_again() -> None:
    turns = stored(transcript(200, 60))
    writer = CardWriter(read_actions())
    for turn in turns:
        writer.heard(turn)
    before = facts.in_turn.cache_info().misses
    writer.understand(Context(), turns)
    assert facts.in_turn.cache_info().misses == before

"""Words for people: short, true, and the same everywhere."""

import pytest

from operator_console.model import wording
from operator_console.model.clean import clean_message, clean_session
from operator_console.model.state import DeskModel
from operator_console.model.update import update
from server.wire.terms import Author, Delivery, Medium, MoodLabel, Outcome, Party, Presence, SessionState
from server.wire.views import Context, Customer, Fact, Mood, NextAction, Sign
from tests.fakes.console_data import ME, MIA, NOW, operator, session, snapshot, turn

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-5, "0:00"), (7, "0:07"), (400, "6:40"), (3723, "1:02:03"), (273_600, "3d 04h")],
)
def test_a_span_reads_like_a_clock(seconds: float, text: str) -> None:
    assert wording.span(seconds) == text


def test_every_mood_has_a_word_beside_its_sign() -> None:
    for label in MoodLabel:
        mood = Mood(label=label)
        assert bool(wording.mood_mark(mood)) == bool(wording.mood_word(mood))
    assert wording.mood_mark(Mood(label=MoodLabel.ANGRY)) == "!!"


def test_the_course_of_a_mood_is_drawn_low_for_furious_and_high_for_happy() -> None:
    assert wording.spark((-1, 0, 1)) == "▁▅█"
    assert wording.spark((-9, 9)) == "▁█"
    assert len(wording.spark([0.0] * 40)) == 8
    assert wording.trend((0.5, 0.1, -0.6)) == "falling"
    assert wording.trend((-0.5, 0.1)) == "rising"
    assert wording.trend((0.1, 0.2)) == "steady"
    assert wording.trend((0.1,)) == ""


def test_where_a_session_stands_names_the_operator() -> None:
    model = update(DeskModel(), snapshot())
    held = session(1, state=SessionState.HELD, operator_id=MIA)
    assert wording.state_words(model, held) == "on hold with Mia"
    assert wording.state_words(model, session(1, state=SessionState.ACTIVE, operator_id=ME)) == "live"
    offered = session(1, state=SessionState.OFFERED, offered_to=ME)
    assert wording.state_words(model, offered) == "rings at you"


def test_who_speaks_depends_on_the_medium() -> None:
    said = turn(1, 1, Author.CUSTOMER, "x")
    assert wording.author_word(said, Medium.VOICE, ME) == "Caller"
    assert wording.author_word(said, Medium.CHAT, ME) == "Customer"
    assert wording.author_word(turn(1, 1, Author.OPERATOR, "x", operator_id=ME), Medium.CHAT, ME) == "You"
    other = turn(1, 1, Author.OPERATOR, "x", operator_id=MIA, author_name="Mia")
    assert wording.author_word(other, Medium.CHAT, ME) == "Mia"


def test_an_unknown_outcome_is_never_hidden() -> None:
    lost = turn(1, 1, Author.OPERATOR, "x", delivery=Delivery.UNKNOWN)
    assert wording.delivery_words(lost) == "MAY NOT HAVE ARRIVED"
    failed = turn(1, 1, Author.OPERATOR, "x", delivery=Delivery.FAILED, failure="window closed")
    assert wording.delivery_words(failed) == "NOT SENT: window closed"


def test_presence_says_what_comes_after_the_call() -> None:
    assert wording.duty_words(operator()) == "ON DUTY"
    assert wording.duty_words(operator(presence=Presence.AWAY, reason="lunch")) == "AWAY lunch"
    assert wording.duty_words(operator(pending_presence=Presence.OFFLINE)) == "ON DUTY › OFF DUTY next"
    assert wording.duty_words(None) == ""


def test_the_outcome_says_who_ended_it() -> None:
    ended = session(1, outcome=Outcome.ENDED, ended_by=Party.CUSTOMER)
    assert wording.outcome_words(ended) == "ended by the customer"
    assert wording.outcome_words(session(1, outcome=Outcome.RETURNED)) == "back to AI"
    assert wording.outcome_words(session(1)) == "open"


def test_every_word_of_the_closed_vocabularies_is_known() -> None:
    model = update(DeskModel(), snapshot())
    for state in SessionState:
        assert wording.state_words(model, session(1, state=state))
    for outcome in Outcome:
        assert wording.outcome_words(session(1, outcome=outcome))
    for delivery in Delivery:
        wording.delivery_words(turn(1, 1, Author.OPERATOR, "x", delivery=delivery))
    for author in Author:
        assert wording.author_word(turn(1, 1, author, "x"), Medium.CHAT, ME)


EVIL = "a\x1b]0;owned\x07b\x1b[2Jc\u202eevil\u200b\r\nd"


def test_no_text_of_a_session_or_turn_can_command_the_terminal() -> None:
    hostile = session(
        1,
        reason=EVIL,
        customer=Customer(name=EVIL, handle=EVIL, channel=EVIL),
        context=Context(
            summary=EVIL,
            facts=(Fact(name=EVIL, value=EVIL),),
            tried=(EVIL,),
            next_actions=(NextAction(label=EVIL, say=EVIL),),
            topic=EVIL,
            language=EVIL,
            signs=(Sign(name=EVIL, reason=EVIL, span=EVIL),),
        ),
        disposition=EVIL,
        note=EVIL,
        follow_up=EVIL,
        queue=EVIL,
        last_turns=(turn(1, 1, Author.CUSTOMER, EVIL, author_name=EVIL, failure=EVIL),),
    )
    model = update(DeskModel(), snapshot(hostile, operators=(operator(name=EVIL, reason=EVIL),)))
    drawn = repr(model)
    for sign in ("\\x1b", "\\x07", "\\u202e", "\\u200b", "\\r"):
        assert sign not in drawn
    assert clean_session(clean_session(hostile)) == clean_session(hostile)
    assert clean_message(turn(1, 1, Author.CUSTOMER, "plain")).text == "plain"
    assert NOW


def test_what_the_broker_saw_is_said_with_its_words_score_and_turn() -> None:
    seen = (
        Sign(name="asks_for_person", reason="asks to talk to a person", span="talk to  a\nhuman", score=0.96, turn=4),
        Sign(name="rule:gold", reason="gold tier", span='tier == "gold"'),
        Sign(name="guard", reason="no wish for a person", score=0.01),
    )
    assert wording.sign_words(seen) == (
        "asks for person: asks to talk to a person “talk to a human” 0.96 (turn 4) · gold: gold tier"
    )
    assert wording.sign_words((Sign(name="mood", reason="angry", span="x" * 200),)).endswith("…”")

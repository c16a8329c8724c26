"""The demo's conversations are complete, varied and fit together."""

from itertools import pairwise

import pytest

from server.broker.ports.understanding import Turn as Seen
from server.demo.content import Content, Script, agreement, load_content
from server.demo.desk import TRIGGERS
from server.demo.speech import load_manifest
from server.understanding.assess import Assessor
from server.understanding.trigger_settings import read_settings
from server.wire.terms import Author, Medium

pytestmark = pytest.mark.unit

CONTENT = load_content()


@pytest.fixture
def content() -> Content:
    return CONTENT


def test_there_are_six_callers_and_six_chats(content: Content) -> None:
    media = [script.medium for script in content.scripts]
    assert media.count(Medium.VOICE) >= 6
    assert media.count(Medium.CHAT) >= 6


def test_callers_come_over_both_transports(content: Content) -> None:
    assert {script.transport for script in content.scripts if script.is_call} == {"twilio", "stream"}


def test_topics_moods_queues_and_reasons_differ(content: Content) -> None:
    assert len({script.context.topic for script in content.scripts}) >= 9
    assert {"angry", "frustrated", "neutral", "happy"} <= {str(script.context.mood.label) for script in content.scripts}
    assert len({script.handoff.queue for script in content.scripts}) >= 6
    assert len({script.handoff.reason for script in content.scripts}) >= 10


@pytest.mark.parametrize("script", CONTENT.scripts, ids=lambda script: script.id)
def test_the_card_is_complete(script: Script) -> None:
    context = script.context
    assert 2 <= context.summary.count(". ") + 1 <= 4
    assert context.facts
    assert context.tried
    assert context.next_actions
    assert all(action.say for action in context.next_actions)
    assert len(context.mood.course) >= 3
    assert context.mood.course[-1] == context.mood.score


@pytest.mark.parametrize("script", CONTENT.scripts, ids=lambda script: script.id)
def test_every_fact_names_a_turn_that_exists(script: Script) -> None:
    turns = [fact.turn for fact in script.context.facts if fact.turn is not None]
    assert all(1 <= turn <= len(script.turns) for turn in turns)


@pytest.mark.parametrize("script", CONTENT.scripts, ids=lambda script: script.id)
def test_the_assistant_begins_and_there_is_always_an_answer(script: Script) -> None:
    assert script.turns[0].author is Author.ASSISTANT
    assert any(not answer.words for answer in script.answers)
    assert "{agreed}" in script.back.text


@pytest.mark.parametrize("script", [s for s in CONTENT.scripts if s.is_call], ids=lambda script: script.id)
def test_all_that_a_caller_may_say_to_a_person_is_recorded(script: Script) -> None:
    recorded = load_manifest()
    for line in (*script.answers, script.uneasy, script.farewell):
        assert recorded[line.clip].text == line.text
        assert recorded[line.clip].speaker == script.customer
    assert recorded[script.back.clip].text == script.back.spoken


@pytest.mark.parametrize("script", [s for s in CONTENT.scripts if s.is_call], ids=lambda script: script.id)
def test_a_caller_is_heard_before_the_handoff(script: Script) -> None:
    recorded = load_manifest()
    heard = [turn for turn in script.turns if turn.clip]
    assert {turn.who for turn in heard} == {"assistant", "customer"}
    assert all(recorded[turn.clip].text == turn.text for turn in heard)


def test_every_caller_has_a_voice_of_their_own(content: Content) -> None:
    voices = [(s.voice.speaker, s.voice.pitch, s.voice.speed) for s in content.scripts if s.voice]
    assert len(voices) == len(set(voices)) == sum(1 for script in content.scripts if script.is_call)


def test_arrivals_are_spread_over_minutes(content: Content) -> None:
    times = [script.arrives_seconds for script in content.scripts]
    assert times == sorted(times)
    assert times[0] < 10
    assert times[-1] > 240
    assert all(later - earlier >= 10 for earlier, later in pairwise(times))


def test_what_was_agreed_is_a_sentence_even_without_a_note() -> None:
    assert agreement("Refund booked", ()) == "Refund booked."
    assert agreement("", ()).endswith(".")


def test_the_cases_show_every_kind_of_trigger_with_its_reason(content: Content) -> None:
    assessor = Assessor(read_settings(TRIGGERS), None)
    found = [
        finding
        for script in content.scripts
        for finding in assessor.assess(
            [Seen(turn.author, turn.text) for turn in script.turns], script.attributes
        ).findings
    ]
    assert {finding.trigger.partition(":")[0] for finding in found} == {
        "asks_for_person", "topic", "complexity", "mood", "too_long", "rule",
    }  # fmt: skip
    assert all(finding.reason for finding in found)

"""Rules of the one-line language: any text is a step or a clear refusal."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from operator_console.model.command_line import MOST_CHARS, Refused, Step, candidates, completed, filled, read
from operator_console.tui.keymap import ACTIONS
from operator_console.tui.language import VERBS

pytestmark = pytest.mark.unit

NAMES = st.sampled_from(sorted(VERBS))


@given(st.one_of(st.text(max_size=200), st.builds("{}{}{}".format, NAMES, st.sampled_from(["", " ", "  "]), st.text())))
def test_any_text_is_a_command_or_a_clear_refusal(text: str) -> None:
    told = read(text, VERBS)
    if isinstance(told, Refused):
        assert told.reason.rstrip()
        assert "\n" not in told.reason
        assert "\x1b" not in told.reason
    else:
        assert told.verb in VERBS.values()
        assert not told.verb.needs_text or told.text


@given(st.text(max_size=60))
def test_completion_only_ever_adds_and_offers_what_fits(text: str) -> None:
    found = candidates(text, VERBS, {"desk.theme": ("desk-dark", "desk-light")})
    whole = completed(text, found, VERBS)
    assert whole == text or (found and whole.strip().startswith(text.strip()))


def test_every_action_is_a_command_by_its_id() -> None:
    for action in ACTIONS:
        told = read(action.id, VERBS)
        assert isinstance(told, Step) or "needs more" in told.reason
        assert VERBS[action.id].id == action.id


@pytest.mark.parametrize(
    ("line", "id_", "text"),
    [
        ("call.back refund agreed", "after.back", "refund agreed"),
        (":call.back  refund  agreed ", "after.back", "refund  agreed"),
        ("chat.say Hello, {name}", "chat.say", "Hello, {name}"),
        ("duty away lunch", "duty.set", "away lunch"),
        ("show 42", "session.show", "42"),
        ("theme desk-light", "desk.theme", "desk-light"),
        ("quit", "desk.quit", ""),
    ],
)
def test_a_line_is_a_name_and_what_follows_it(line: str, id_: str, text: str) -> None:
    told = read(line, VERBS)
    assert isinstance(told, Step)
    assert (told.verb.id, told.text) == (id_, text)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("", "Write a command"),
        (":", "Write a command"),
        ("call.bak", "Did you mean call.back?"),
        ("zzzzzz", "Tab shows all"),
        ("call.cough now", "Nothing can follow call.cough"),
        ("chat.say", "chat.say needs more: chat.say text"),
        ("duty awya", "Did you mean away?"),
        ("call.mute loud", "There are: on, off."),
        ("chat.say " + "x" * (MOST_CHARS + 1), "longer than"),
    ],
)
def test_what_is_no_command_is_told_with_what_to_write(line: str, reason: str) -> None:
    told = read(line, VERBS)
    assert isinstance(told, Refused)
    assert reason in told.reason


def test_tab_completes_names_and_first_words_as_far_as_they_are_certain() -> None:
    def tab(text: str) -> str:
        return completed(text, candidates(text, VERBS, {"session.show": ("H-0042", "H-0043")}), VERBS)

    assert tab("chat.sa") == "chat.say "
    assert tab("call.ac") == "call.accept"
    assert tab("call.cou") == "call.cough"
    assert tab("duty aw") == "duty away"
    assert tab("show H") == "show H-004"
    assert tab("nothing") == "nothing"


def test_fields_are_filled_and_one_without_a_value_sends_nothing() -> None:
    assert filled("Hello {name}, {this}", {"name": "Ada"}) == "Hello Ada, {this}"
    assert isinstance(filled("Hello {name}", {"name": ""}), Refused)
    assert filled("{name}", {"name": "{me}", "me": "Sam"}) == "{me}"

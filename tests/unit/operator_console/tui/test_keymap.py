"""One table of keys: whole, without clashes, and the same in bindings, help, palette and docs."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from operator_console.model.state import DeskModel
from operator_console.tui.keymap import ACTIONS, BY_ID, Group, bindings, clashes, hints
from operator_console.tui.keys_page import page
from operator_console.tui.lines import plain
from operator_console.tui.screens.help import help_lines
from tests.fakes.desk_app import build

pytestmark = pytest.mark.unit


def test_the_docs_show_the_table_as_it_is() -> None:
    docs = Path(__file__).parents[4] / "docs" / "keys.md"
    assert docs.read_text(encoding="utf-8") == page(), "run: make docs"


def test_no_key_does_two_things() -> None:
    assert clashes() == []
    twice = replace(BY_ID["call.mute"], keys=("a",))
    assert clashes((BY_ID["call.accept"], twice)) == [("a", "call.accept", "call.mute")]


def test_every_action_has_a_deed_and_every_deed_an_action() -> None:
    app, _, _ = build()
    assert set(app._commands.deeds) == set(BY_ID)
    assert len(BY_ID) == len(ACTIONS)


def test_every_action_is_bound_under_its_id() -> None:
    assert [binding.id for binding in bindings()] == [action.id for action in ACTIONS]
    (mute,) = bindings("call.mute")
    assert mute.key == "m,space"


@pytest.mark.parametrize("width", [76, 116])
def test_the_help_names_every_action(width: int) -> None:
    text = " ".join("\n".join(plain(line) for line in help_lines(DeskModel(), width)).split())
    for action in ACTIONS:
        assert action.help.split()[0] in text
    for group in Group:
        assert group.value in text


def test_hints_show_only_what_can_act() -> None:
    assert {action.id for action in hints(DeskModel())} == {"queue.find", "audio.open", "history.open"}
    for action in hints(DeskModel()):
        assert action.why_not(DeskModel()) is None

"""Rules of `[keys]` and `[macros]`: what they may say, and what is refused with the names of both."""

import json
from pathlib import Path

import pytest

from operator_console.cli import app as command_line
from operator_console.config import ConfigError, parse
from operator_console.exit_codes import ExitCode
from operator_console.tui.key_plan import KeyPlan, plan_of
from operator_console.tui.keys_page import SAMPLE

pytestmark = pytest.mark.unit


def plan(text: str) -> KeyPlan:
    return plan_of(parse(text))


def test_dotted_and_quoted_ids_are_the_same() -> None:
    assert plan('[keys]\ncall.mute = "f6"').keys == plan('[keys]\n"call.mute" = ["F6"]').keys == {"call.mute": ("f6",)}


def test_two_actions_may_change_keys_and_one_may_have_none() -> None:
    assert plan('[keys]\ncall.mute = "a"\ncall.accept = ["m", "space"]\ncall.cough = []').keys == {
        "call.mute": ("a",),
        "call.accept": ("m", "space"),
        "call.cough": (),
    }


def test_the_sample_of_the_page_is_a_plan() -> None:
    made = plan(SAMPLE)
    assert [macro.id for macro in made.macros] == ["macro.refunded", "macro.thanks"]
    assert [step.verb.id for step in made.macros[1].steps] == ["chat.say", "after.back"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('[keys]\ncall.mut = "f6"', "call.mut is not an action. Did you mean call.mute?"),
        ('[keys]\ncall.mute = "f66"', "Did you mean f6?"),
        ("[keys]\ncall.mute = 5", "[keys] call.mute"),
        ('[keys]\ncall.mute = "a"', "a is claimed by both call.accept and call.mute"),
        ('[keys]\ncall.mute = "ctrl+i"', "tab is claimed by both call.mute and pane.next"),
        ('[keys]\ncall.mute = "ctrl+w"', "call.mute and editing in the box"),
        ('[keys]\ncall.mute = "esc"', "call.mute and leaving a box"),
        ('[keys]\ndesk.quit = "="', "desk.quit, which acts everywhere, and writing"),
        ('[macros]\nx = { key = "f1", do = ["call.mute"] }', "f1 is claimed by both help.open and macro.x"),
        (
            '[macros]\nx = { key = "f6", do = ["call.mute"] }\ny = { key = "F6", do = ["call.mute"] }',
            "f6 is claimed by both macro.x and macro.y",
        ),
        ('[macros]\nx = { do = ["call.end", "call.mute"] }', "can only come last"),
        ('[macros]\nx = { doo = ["call.end"] }', "Did you mean do?"),
        ('[macros]\nx = { key = "f6" }', "[macros] x"),
        ("[macros]\nx = { do = [] }", "1 to 20"),
        ("[macros]\nx = 5", "[macros] x"),
        ('[macros]\nx = { do = ["chat.say {nam}"] }', "{nam} is not a field"),
        ('[macros]\nx = { do = ["call.bak x"] }', "Did you mean call.back?"),
        ('[macros]\nx = { do = ["macro.y"] }\ny = { do = ["call.mute"] }', "no command macro.y"),
        ('[macros]\n"x\' y" = { do = ["call.mute"] }', "only letters, digits"),
    ],
)
def test_what_cannot_be_is_refused_by_its_names(text: str, told: str) -> None:
    with pytest.raises(ConfigError) as refused:
        plan(text)
    assert told in str(refused.value)


def test_a_clash_is_refused_at_start_and_by_the_doctor(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "config.toml"
    file.write_text('[server]\nurl = "http://127.0.0.1:9"\n[keys]\ncall.mute = "a"\n')
    assert command_line.run(["--config", str(file)]) == ExitCode.USAGE
    told = capsys.readouterr().err
    assert "call.accept" in told
    assert "call.mute" in told
    assert command_line.run(["--config", str(file), "doctor", "--no-audio", "--json"]) == ExitCode.REFUSED
    findings = {finding["name"]: finding for finding in json.loads(capsys.readouterr().out)}
    assert findings["keys"]["health"] == "fail"
    assert "call.accept and call.mute" in findings["keys"]["detail"]

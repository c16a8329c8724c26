"""Rules of the doctor's findings on this machine."""

from datetime import timedelta

import msgspec
import pytest

from operator_console.audio.checks import Check
from operator_console.cli.doctor_broker import clock_finding
from operator_console.cli.doctor_checks import Health, python_finding, terminal_findings
from operator_console.cli.doctor_sound import finding
from operator_console.clock import SystemClock
from tests.fakes.scripted_broker import snapshot

pytestmark = pytest.mark.unit

GOOD = {"TERM": "xterm-256color", "COLORTERM": "truecolor"}


def healths(
    environment: dict[str, str], size: tuple[int, int] = (120, 40), encoding: str = "UTF-8", tmux: str = "on"
) -> dict[str, Health]:
    found = terminal_findings(environment, is_terminal=True, size=size, encoding=encoding, passthrough=lambda: tmux)
    assert all(one.remedy for one in found if one.health is not Health.OK), "what is not well has its remedy"
    return {one.name: one.health for one in found}


def test_a_good_terminal_is_all_well() -> None:
    assert set(healths(GOOD).values()) == {Health.OK}
    assert set(healths({**GOOD, "TMUX": "/tmp/t,1,0"}).values()) == {Health.OK}


@pytest.mark.parametrize(
    ("name", "health", "found"),
    [
        ("terminal size", Health.WARN, healths(GOOD, size=(79, 24))),
        ("terminal size", Health.WARN, healths(GOOD, size=(80, 23))),
        ("terminal kind", Health.FAIL, healths({"TERM": "dumb"})),
        ("terminal kind", Health.FAIL, healths({})),
        ("colours", Health.WARN, healths({"TERM": "xterm"})),
        ("encoding", Health.FAIL, healths(GOOD, encoding="ANSI_X3.4-1968")),
        ("tmux", Health.WARN, healths({**GOOD, "TMUX": "x"}, tmux="off")),
        ("tmux", Health.WARN, healths({**GOOD, "TMUX": "x"}, tmux="")),
    ],
)
def test_each_thing_that_is_not_well_is_named(name: str, health: Health, found: dict[str, Health]) -> None:
    assert found[name] is health
    assert [one for one, is_ in found.items() if is_ is not Health.OK and one != "colours"] in ([name], [])


def test_without_a_terminal_only_the_screen_is_out() -> None:
    found = terminal_findings(GOOD, is_terminal=False)
    assert [one.health for one in found] == [Health.WARN]


def test_an_old_python_fails() -> None:
    assert python_finding((3, 10, 9)).health is Health.FAIL
    assert python_finding((3, 11, 0)).health is Health.OK


def test_a_clock_that_is_seconds_off_is_told_with_its_direction() -> None:
    now = SystemClock().now()
    behind = msgspec.structs.replace(snapshot(), now=now + timedelta(seconds=30))
    assert clock_finding(behind).health is Health.WARN
    assert "behind" in clock_finding(behind).detail
    assert clock_finding(msgspec.structs.replace(snapshot(), now=now)).health is Health.OK


def test_no_sound_card_fails_unless_files_were_chosen_and_a_quiet_microphone_only_warns() -> None:
    none = Check("audio devices", ok=False, detail="0", remedy="apt")
    assert finding(none, chosen_files=False).health is Health.FAIL
    assert finding(none, chosen_files=True).health is Health.WARN
    assert finding(Check("microphone", ok=False, detail="silent"), chosen_files=False).health is Health.WARN
    assert finding(Check("microphone", ok=True, detail="fine"), chosen_files=False).health is Health.OK

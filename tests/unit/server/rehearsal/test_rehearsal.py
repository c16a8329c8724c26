"""Rehearsals: the same core as a run, the same day for the same seed, and an end for every handoff."""

import json
import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from server.cli.app import app
from server.cli.exits import Exit
from server.cli.timeline import Band, as_svg, as_text
from server.core import deadlines
from server.core.policy import Expire, Line, Notify, Overflow, Policy, PolicyStep, Tell, When, explain
from server.core.session import Rules, Session
from server.core.strategy import Routing, Strategy
from server.rehearsal import desk as rehearsed
from server.rehearsal.desk import RehearsedDesk
from server.rehearsal.faults import play_with_faults
from server.rehearsal.people import People
from server.rehearsal.traffic import Call, Shift, made_up, read_calls, read_staff
from server.wire.terms import Medium, Outcome
from tests.long_form import times

pytestmark = pytest.mark.unit

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
RULES = Rules(wait_expires_seconds=90.0, wrap_up_seconds=20.0)
ALWAYS = Shift(name="ann", begin=NOON - timedelta(hours=1), end=NOON + timedelta(hours=9))
STEPS = st.lists(
    st.builds(
        PolicyStep,
        st.integers(0, 80).map(float),
        st.one_of(
            st.just(Tell("one moment")), st.just(Notify(("oncall",))), st.just(Expire()), st.just(Overflow("late"))
        ),
        st.sampled_from([When.ALWAYS, When.NOBODY_ON_DUTY, When.OPEN]),
    ),
    max_size=4,
).map(lambda found: tuple(sorted(found, key=lambda one: one.after_seconds)))


def call(after: float = 0.0, **more: object) -> Call:
    return Call(at=NOON + timedelta(seconds=after), **{"talk_seconds": 60.0, **more})  # type: ignore[arg-type]


def test_a_call_rings_is_answered_talked_and_written_up() -> None:
    played = RehearsedDesk(RULES, People(answer_seconds=5, bridge_seconds=1, wrap_seconds=10)).run([call()], [ALWAYS])
    (row,) = played.rows
    assert (row.outcome, row.attempts, row.seconds_to_human) == (Outcome.RESOLVED, 1, 6.0)
    assert row.handle_seconds == 1 + 60 + 10
    assert played.stuck == []


def test_one_operator_takes_one_call_after_the_other_and_three_chats_at_once() -> None:
    people = People(answer_seconds=0, bridge_seconds=0, wrap_seconds=0)
    rules = replace(RULES, wrap_up_seconds=0.0, wait_expires_seconds=900.0)
    calls = RehearsedDesk(rules, people).run([call(n) for n in range(3)], [ALWAYS])
    assert [row.seconds_to_human for row in calls.rows] == [0, 59, 118]
    chats = RehearsedDesk(rules, people).run([call(n, medium=Medium.CHAT) for n in range(4)], [ALWAYS])
    assert [row.seconds_to_human for row in chats.rows] == [0, 0, 0, 57]


def test_patience_ends_a_wait_and_nothing_else() -> None:
    waits = RehearsedDesk(RULES).run([call(patience_seconds=30.0)], [])
    talks = RehearsedDesk(RULES).run([call(patience_seconds=30.0)], [ALWAYS])
    assert [row.outcome for row in (*waits.rows, *talks.rows)] == [Outcome.ABANDONED, Outcome.RESOLVED]
    assert waits.rows[0].ended_at == NOON + timedelta(seconds=30)


@given(default=STEPS, late=STEPS.map(lambda steps: tuple(s for s in steps if not isinstance(s.action, Overflow))))
@settings(max_examples=60, deadline=None)
def test_it_does_in_each_second_what_explain_says(
    default: tuple[PolicyStep, ...], late: tuple[PolicyStep, ...]
) -> None:
    lines = {"default": Line(Policy(default), 90.0), "late": Line(Policy(late), 90.0)}
    rules = replace(RULES, queues={name: replace(RULES, policy=line.policy) for name, line in lines.items()})
    played = RehearsedDesk(rules).run([call()], [])
    said = explain(lines, "default", on_duty=False, is_open=True)
    (row,) = played.rows
    assert row.ended_at == NOON + timedelta(seconds=said[-1].at_seconds)
    assert played.told == sum(isinstance(one.action, Tell) for one in said)
    assert played.notices["oncall"] == sum(isinstance(one.action, Notify) for one in said)


def test_the_same_seed_is_the_same_day() -> None:
    def once(seed: int) -> list[tuple[int, object, object]]:
        played = play_with_faults(400, 6, seed=seed)
        return [(row.number, row.outcome, row.closed_at) for row in played.rows]

    assert once(3) == once(3)
    assert once(3) != once(4)


@pytest.mark.parametrize("seed", range(1, 1 + times(2, 200)))
def test_no_handoff_is_without_an_outcome_whatever_breaks(seed: int) -> None:
    played = play_with_faults(1_500, 12, seed=seed)
    assert played.stuck == []
    assert sorted(row.number for row in played.rows) == list(range(1, 1_501))
    outcomes = {row.outcome for row in played.rows}
    assert outcomes >= {Outcome.RESOLVED, Outcome.ABANDONED, Outcome.EXPIRED}
    assert max(row.attempts or 0 for row in played.rows) > 3


def test_a_deadline_that_is_forgotten_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def forgetful(session: Session, rules: Rules) -> deadlines.Deadline | None:
        return None if session.number == 7 else deadlines.next_deadline(session, rules)

    monkeypatch.setattr(rehearsed, "next_deadline", forgetful)
    played = RehearsedDesk(RULES).run([call(n) for n in range(10)], [])
    assert [session.number for session in played.stuck] == [7]


@pytest.mark.parametrize("strategy", [one for one in Strategy if one is not Strategy.PULL])
def test_each_strategy_finds_somebody(strategy: Strategy) -> None:
    rules = replace(RULES, routing=Routing(strategy), wait_expires_seconds=3600.0)
    calls = list(made_up(NOON, 60, random.Random(1), days=0.1))
    played = RehearsedDesk(rules).run(calls, [replace(ALWAYS, name=f"o{n}") for n in range(30)])
    answered = [row for row in played.rows if row.active_at is not None]
    assert len(answered) > 50


def test_files_are_read_and_a_wrong_line_is_named(tmp_path: Path) -> None:
    good = tmp_path / "calls.csv"
    good.write_text("at,medium,patience_seconds,skills\n2026-11-20T13:00:00+01:00,chat,,billing=3 german\n")
    (read,) = read_calls(good)
    assert (read.at, read.medium, read.queue) == (NOON, Medium.CHAT, "default")
    assert [(skill.name, skill.level) for skill in read.skills] == [("billing", 3), ("german", 1)]
    runner = CliRunner()
    for text, says in (
        ("at\n2026-11-20T13:00:00\n", "has no zone"),
        ("at,medium\n2026-11-20T13:00:00Z,fax\n", "line 2"),
        ("when\n2026-11-20T13:00:00Z\n", "'when' that nothing reads"),
        ("at,patience_seconds\n2026-11-20T13:00:00Z,-5\n", "number of seconds"),
        ("at\n", "no calls"),
    ):
        good.write_text(text)
        done = runner.invoke(app, ["policy", "rehearse", "--calls", str(good)])
        assert done.exit_code == Exit.REFUSED, text
        assert says in done.output, text
    shifts = tmp_path / "staff.csv"
    shifts.write_text("name,from,to\nann,2026-11-20T13:00:00Z,2026-11-20T12:00:00Z\n")
    with pytest.raises(Exception, match="ends before it begins"):
        read_staff(shifts)


def test_the_day_in_examples_can_be_rehearsed_and_says_what_notices_cost() -> None:
    day = Path(__file__).parents[4] / "examples/day"
    options = ["--calls", str(day / "calls.csv"), "--staff", str(day / "staff.csv"), "--cost", "oncall=0.5"]
    done = CliRunner().invoke(app, ["policy", "rehearse", "--config", str(day / "config.toml"), *options, "--json"])
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert told["report"]["total"]["requested"] == 1200
    assert told["notices"]["oncall"]["sent"] > 0
    assert told["notices"]["oncall"]["cost"] == told["notices"]["oncall"]["sent"] * 0.5
    assert told["stuck"] == 0


def test_a_simulation_goes_on_where_it_was_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.cli.rehearse.CHUNK", 100)
    state, runner = tmp_path / "state.json", CliRunner()
    assert runner.invoke(app, ["bench", "simulate", "--handoffs", "200", "--state", str(state)]).exit_code == 0
    first = json.loads(state.read_text())
    done = runner.invoke(app, ["bench", "simulate", "--handoffs", "300", "--state", str(state), "--json"])
    found = json.loads(done.stdout)
    assert (found["handoffs"], found["stuck"], found["stretches"]) == (300, 0, 3)
    assert found["steps"] > first["steps"]
    whole = runner.invoke(app, ["bench", "simulate", "--handoffs", "300", "--json"])
    assert json.loads(whole.stdout) == found


def test_the_picture_of_a_policy_has_each_step_at_its_second() -> None:
    band = Band("open", ((0.0, "told <b>"), (30.0, "notice"), (60.0, "the end")))
    (line,) = as_text(band)
    marks = line.removeprefix("  0:00 ").removesuffix(" 1:00")
    assert (marks[0], marks[-1], marks.index("2")) == ("1", "┤", 32)
    drawn = as_svg("Queue default", [band])
    assert drawn.count("<circle") == 3
    assert "told &lt;b&gt;" in drawn
    assert 'cx="500.0"' in drawn

"""On-call schedules in the configuration: read, shown, or refused with the path to the hole."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from server.cli.app import app
from server.config import load, parse
from server.config_rules import ConfigError
from server.destinations import destinations_of, fallbacks_of
from server.on_call import schedules_of
from server.policies import lines_of
from tests.world import ManualClock

pytestmark = pytest.mark.unit

PLAN = """
[notices.mail]
kind = "email"
smtp_host = "127.0.0.1"
smtp_tls = "none"
sender = "desk@example.com"

[on_call.support]
time_zone = "Europe/Berlin"
people = [
  { name = "Ann", to = ["mail:ann@example.com"] },
  { name = "Ben", to = ["mail:ben@example.com"] },
]
levels = [
  { rotation = ["Ann", "Ben"], every = "week", starts = "2026-01-05 09:00", repeat_minutes = 5 },
  { after_minutes = 10, shifts = [
    { hours = "mon-fri 08:00-20:00", people = ["Ann"] },
    { hours = "mon-thu 20:00-08:00", people = ["Ben"] },
    { hours = "fri 20:00-24:00", people = ["Ben"] },
    { hours = "sat-sun 00:00-24:00", people = ["Ann", "Ben"] },
    { hours = "mon 00:00-08:00", people = ["Ben"] },
  ] },
]
overrides = [{ people = ["Ben"], begin = "2026-12-24 09:00", end = "2026-12-27 09:00" }]

[queues.billing]
policy = [{ after_seconds = 30, notify = ["on_call:support"], repeat_seconds = 600 }]
"""


def test_a_plan_is_shown_now_and_next(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(PLAN)
    run = CliRunner().invoke(
        app, ["on-call", "show", "support", "--at", "2026-12-23 22:00", "-c", str(tmp_path / "config.toml")]
    )
    assert run.exit_code == 0, run.output
    assert run.stdout.splitlines() == [
        "support, Wed 2026-12-23 22:00 (Europe/Berlin):",
        "  level 1 (at once): Ann until Thu 2026-12-24 09:00, then Ben",
        "  level 2 (after 10 min): Ben until Thu 2026-12-24 08:00, then Ann",
    ]
    run = CliRunner().invoke(
        app, ["on-call", "show", "support", "--at", "2026-12-24 09:00", "--json", "-c", str(tmp_path / "config.toml")]
    )
    first = json.loads(run.stdout)[0]
    assert (first["now"], first["until"], first["repeat_seconds"]) == (["Ben"], "2026-12-27T08:00:00+00:00", 300)


@pytest.mark.parametrize(
    ("args", "says"),
    [(["show", "sales"], "no schedule 'sales'"), (["show", "support", "--at", "soon"], "'soon' is no time")],
)
def test_a_wrong_question_is_answered_with_what_there_is(tmp_path: Path, args: list[str], says: str) -> None:
    (tmp_path / "config.toml").write_text(PLAN)
    run = CliRunner().invoke(app, ["on-call", *args, "-c", str(tmp_path / "config.toml")])
    assert run.exit_code != 0
    assert says in run.stderr


def test_people_have_destinations_of_their_own(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(PLAN)
    config = load(tmp_path / "config.toml", {})
    assert set(destinations_of(config, ManualClock())) == {"mail:ann@example.com", "mail:ben@example.com"}
    assert fallbacks_of(config.settings) == {}
    assert "billing" in lines_of(config.settings)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('{ name = "Ann", to = ["mail:ann@example.com"] },', "", "level 1 rotation: 'Ann' is not among the people"),
        ('"mail:ann@example.com"', '"pager"', "there is no destination 'pager'"),
        ('rotation = ["Ann", "Ben"]', "rotation = []", "level 1: nobody is in it"),
        ("mon-thu 20:00-08:00", "mon-wed 20:00-08:00", "nobody is on call from thu 20:00 to fri 08:00"),
        ("mon-thu 20:00-08:00", "mon-thu 19:00-08:00", "Ann and Ben overlap from mon 19:00 to mon 20:00"),
        ("mon 00:00-08:00", "mon 00:00-25:00", "is not understood"),
        ("after_minutes = 10", "after_minutes = 0", "level 2: after_minutes must be more"),
        ("2026-12-27 09:00", "2026-12-23 09:00", "ends before it begins"),
        ("2026-12-27 09:00", "Christmas", "is no time"),
        ("Europe/Berlin", "Europe/Berlino", "there is no zone"),
        ('name = "Ben", to', 'name = "Ann", to', "somebody is there twice"),
        (
            "overrides = [",
            'overrides = [{ people = ["Ann"], begin = "2026-12-23 09:00", end = "2026-12-25 09:00" },',
            "the overrides of Ann and Ben overlap",
        ),
    ],
)
def test_a_plan_with_nobody_a_hole_or_an_overlap_is_refused_with_the_path(old: str, new: str, says: str) -> None:
    assert old in PLAN
    with pytest.raises(ConfigError) as refusal:
        schedules_of(parse(PLAN.replace(old, new, 1)))
    assert says in str(refusal.value)
    assert "[on_call.support]" in str(refusal.value)


def test_a_policy_that_names_no_such_plan_is_refused() -> None:
    with pytest.raises(ConfigError, match="no destination 'on_call:sales'"):
        lines_of(parse(PLAN.replace("on_call:support", "on_call:sales")))

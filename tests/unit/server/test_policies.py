"""Policies in the configuration: understood, or refused with the path and the way out; hours by the wall clock."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from server.cli.app import app
from server.config import load, parse
from server.config_rules import ConfigError
from server.core.policy import Happening, Notify, Tell, explain
from server.destinations import destinations_of
from server.policies import lines_of
from tests.world import ManualClock

pytestmark = pytest.mark.unit

DAY = """
[desk]
wait_expires_seconds = 900
[notices.oncall]
url = "https://example.com/x"
[queues.billing]
hours = ["mon-fri 09:00-17:30", "sat 10:00-24:00"]
time_zone = "Europe/Berlin"
holidays = ["2026-12-25"]
policy = [
  { after_seconds = 0, when = "closed", tell = "We are closed." },
  { after_seconds = 1, when = "closed", expire = true },
  { after_seconds = 20, tell = "You are number {position}." },
  { after_seconds = 45, notify = ["oncall"] },
  { after_seconds = 60, when = "nobody_on_duty", overflow = "general" },
]
[queues.general]
wait_expires_seconds = 300
policy = [{ after_seconds = 30, tell = "Somebody else will help." }]
"""


def refusal(text: str) -> str:
    with pytest.raises(ConfigError) as raised:
        lines_of(parse(text))
    return str(raised.value)


def test_a_day_is_explained_in_every_circumstance_through_the_overflow_to_the_end() -> None:
    lines = lines_of(parse(DAY))
    busy = explain(lines, "billing", on_duty=True, is_open=True)
    assert [(one.at_seconds, type(one.action).__name__) for one in busy] == [
        (20, "Tell"),
        (45, "Notify"),
        (900, "Expire"),
    ]
    alone = explain(lines, "billing", on_duty=False, is_open=True)
    assert [(one.at_seconds, one.queue, type(one.action).__name__) for one in alone] == [
        (20, "billing", "Tell"),
        (45, "billing", "Notify"),
        (60, "billing", "Overflow"),
        (90, "general", "Tell"),
        (900, "general", "Expire"),
    ]
    closed = explain(lines, "billing", on_duty=False, is_open=False)
    assert closed == (Happening(0, "billing", Tell("We are closed.")), *closed[1:])
    assert [one.at_seconds for one in closed] == [0, 1]
    assert busy[1].action == Notify(("oncall",))
    assert [one.at_seconds for one in explain(lines, "default", on_duty=True, is_open=True)] == [900]


@pytest.mark.parametrize(
    ("when", "is_open"),
    [
        ("2026-11-23T08:00", True),  # 09:00 in Berlin, a Monday
        ("2026-11-23T07:59", False),
        ("2026-11-23T16:29", True),
        ("2026-11-23T16:30", False),
        ("2026-07-06T07:00", True),  # summer time: 09:00 is an hour earlier in UTC
        ("2026-07-06T06:59", False),
        ("2026-11-28T22:59", True),  # Saturday, up to midnight
        ("2026-11-28T23:00", False),
        ("2026-11-29T12:00", False),  # Sunday
        ("2026-12-25T10:00", False),  # a Friday, but a holiday
        ("2026-03-30T07:00", True),  # the Monday after the clocks went forward
        ("2026-03-27T07:59", False),  # the Friday before
    ],
)
def test_hours_go_by_the_clock_on_the_wall_also_when_it_is_put_forward(when: str, is_open: bool) -> None:
    policy = lines_of(parse(DAY))["billing"].policy
    assert policy.open_at(datetime.fromisoformat(when).replace(tzinfo=UTC)) is is_open


@pytest.mark.parametrize(
    ("steps", "says"),
    [
        ('{ after_seconds = 5, overflow = "nowhere" }', "there is no queue 'nowhere' to overflow to"),
        ('{ after_seconds = 5, overflow = "a" }', "round in a circle: a → a"),
        ('{ after_seconds = 5, overflow = "b" }', "round in a circle: a → b → a"),
        ('{ after_seconds = 5, notify = ["x"] }', "there is no destination 'x'"),
        ('{ after_seconds = 5, expire = true }, { after_seconds = 6, tell = "x" }', "after 6 s is never reached"),
        ('{ after_seconds = 6, tell = "x" }, { after_seconds = 5, tell = "y" }', "stands below one after 6 s"),
        ('{ after_seconds = 60, tell = "x" }', "never reached, because the wait ends after 60 s"),
        ("{ after_seconds = 5 }", "does nothing: write one of tell"),
        ('{ after_seconds = 5, tell = "x", expire = true }', "does 2: write one of tell"),
        ('{ after_seconds = 5, tell = "{name}" }', "tells {name}, which nobody fills in"),
    ],
)
def test_a_policy_that_cannot_be_carried_out_is_refused_with_the_path(steps: str, says: str) -> None:
    text = f"""
    [queues.a]
    wait_expires_seconds = 60
    policy = [{steps}]
    [queues.b]
    policy = [{{ after_seconds = 9, overflow = "a" }}]
    """
    assert says in refusal(text)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ('hours = ["monday 9-5"]', "'monday 9-5' is not understood"),
        ('hours = ["xyz 09:00-10:00"]', "is not understood"),
        ('hours = ["mon 25:00-26:00"]', "is not understood"),
        ('hours = ["mon 17:00-09:00"]', "ends before it begins"),
        ('hours = ["mon-wed 09:00-12:00", "wed 11:00-13:00"]', "'mon-wed 09:00-12:00' and 'wed 11:00-13:00' overlap"),
        ('time_zone = "Mars/Olympus"', "no zone 'Mars/Olympus'"),
        ('time_zone = "../../etc/passwd"', "no zone"),
        ('holidays = ["25.12.2026"]', "Write days such as"),
        ('outcome_to = ["boss"]', "there is no destination 'boss'"),
    ],
)
def test_hours_and_names_that_make_no_sense_are_refused(line: str, says: str) -> None:
    assert says in refusal(f"[queues.a]\n{line}\n")


def test_a_night_and_a_week_that_turns_over_are_understood() -> None:
    text = '[queues.a]\nhours = ["sat-mon 22:00-24:00", "sun-tue 00:00-06:00"]\n'
    policy = lines_of(parse(text))["a"].policy
    assert policy.open_at(datetime(2026, 11, 29, 23, 0, tzinfo=UTC))
    assert policy.open_at(datetime(2026, 11, 30, 5, 59, tzinfo=UTC))
    assert not policy.open_at(datetime(2026, 11, 27, 23, 0, tzinfo=UTC))


def destinations_refusal(folder: Path, text: str) -> str:
    path = folder / "config.toml"
    path.write_text(f"[notices.x]\n{text}\n", encoding="utf-8")
    with pytest.raises(ConfigError) as raised:
        destinations_of(load(path, {}), ManualClock())
    return str(raised.value)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "[notices.x] url: write a whole address"),
        ('url = "http://example.com/"', "[notices.x] url: write https://"),
        ('url = "https://example.com/"', "[notices.x] secret_file is missing"),
        ('url = "https://example.com/"\nsecret_file = "secret"', "[notices.x] secret_file: A webhook secret is whsec_"),
        ('kind = "email"', "[notices.x] needs smtp_host, sender and recipients"),
        (
            'kind = "email"\nsmtp_host = "mx.example.com"\nsmtp_tls = "none"\nsender = "a@b.c"\nrecipients = ["a@b.c"]',
            "in the clear",
        ),
        (
            'kind = "email"\nsmtp_host = "mx.example.com"\nsmtp_user = "u"\nsender = "a@b.c"\nrecipients = ["a@b.c"]',
            "smtp_user and password_file go together",
        ),
        (
            'kind = "email"\nsmtp_host = "mx.example.com"\nsender = "desk"\nrecipients = ["a@b.c"]',
            "'desk' is no e-mail",
        ),
    ],
)
def test_a_destination_that_cannot_work_is_refused(tmp_path: Path, text: str, says: str) -> None:
    secret = tmp_path / "secret"
    secret.write_text("hello")
    secret.chmod(0o600)
    assert says in destinations_refusal(tmp_path, text)


def test_the_command_explains_a_queue_for_people_and_for_machines(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text(DAY, encoding="utf-8")
    shown = CliRunner().invoke(app, ["policy", "explain", "billing", "-c", str(path)])
    assert shown.exit_code == 0
    assert "     0:45  a notice goes to oncall, unless somebody has taken it" in shown.stdout
    assert "    15:00  the wait ends: the customer is told and goes back to the assistant" in shown.stdout
    told = json.loads(CliRunner().invoke(app, ["policy", "explain", "billing", "-c", str(path), "--json"]).stdout)
    assert told["nobody_on_duty"][2] == {"at_seconds": 60.0, "queue": "billing", "do": "overflow", "to": "general"}
    assert CliRunner().invoke(app, ["policy", "explain", "nope", "-c", str(path)]).exit_code == 4
    assert "billing, default, general" in CliRunner().invoke(app, ["policy", "check", "-c", str(path)]).stdout
    path.write_text(DAY + '[queues.loop]\npolicy = [{ after_seconds = 1, overflow = "loop" }]\n', encoding="utf-8")
    refused = CliRunner().invoke(app, ["policy", "check", "-c", str(path)])
    assert refused.exit_code == 78
    assert "loop → loop" in refused.stderr

"""The roll-out checklist: nothing set is nothing promised, a vague promise fails, and each proof is there."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from server.cli.app import app
from server.config import parse, resolve
from server.rollout import Promise, State, promises

pytestmark = pytest.mark.unit

ROOT = Path(__file__).parents[3]
GOOD = """
[server]
behind_proxy = true
public_url = "https://desk.example.com"
[metrics]
access = "token"
token_file = "token"
[privacy]
keep_conversations_days = 90
[notices.ops]
kind = "webhook"
url = "https://ops.example.com/x"
fallback = "mail"
[notices.mail]
kind = "email"
[on_call.team]
people = [{ name = "Ann", to = ["ops"] }]
[queues.default]
promise_seconds = 30
outcome_to = ["mail"]
policy = [
  { after_seconds = 20, notify = ["ops"], repeat_seconds = 60 },
  { after_seconds = 60, when = "nobody_on_duty", expire = true },
]
"""


def checked(tmp_path: Path, text: str) -> list[Promise]:
    return promises(resolve(parse(text), tmp_path, {}))


def states(found: list[Promise]) -> dict[str, State]:
    return {one.name: one.state for one in found if one.state is not State.MET}


def test_of_an_empty_configuration_no_promise_to_customers_is_met(tmp_path: Path) -> None:
    found = states(checked(tmp_path, ""))
    assert found["default: fallback"] is State.UNMET
    assert found["default: promise"] is State.VAGUE, "a default that nobody chose"
    assert set(found) >= {"default: somebody is told", "default: outcome", "on call", "retention", "watched"}


def test_a_whole_configuration_meets_every_promise(tmp_path: Path) -> None:
    assert states(checked(tmp_path, GOOD)) == {}


@pytest.mark.parametrize(
    ("line", "instead", "name", "state"),
    [
        (", repeat_seconds = 60", "", "default: somebody is told", State.VAGUE),
        ('when = "nobody_on_duty", ', "", "default: nobody on duty", State.UNMET),
        ("promise_seconds = 30", "", "default: promise", State.VAGUE),
        ('outcome_to = ["mail"]', "", "default: outcome", State.UNMET),
        ('fallback = "mail"', "", "notices: a second way", State.VAGUE),
        ("keep_conversations_days = 90", "", "retention", State.UNMET),
        (
            "promise_seconds = 30",
            'promise_seconds = 30\nrecord = true\nrecord_consent = "not_required"',
            "consent",
            State.VAGUE,
        ),
        ('access = "token"\ntoken_file = "token"', 'access = "off"', "watched", State.UNMET),
    ],
)
def test_what_is_taken_away_is_named(tmp_path: Path, line: str, instead: str, name: str, state: State) -> None:
    assert line in GOOD
    assert states(checked(tmp_path, GOOD.replace(line, instead))) == {name: state}


def test_every_proof_is_a_test_or_a_command_there_is(tmp_path: Path) -> None:
    for one in checked(tmp_path, GOOD):
        words = one.proof.split()
        if words[0] == "operator-server":
            done = CliRunner().invoke(app, [*[word for word in words[1:] if word != "default"], "--help"])
            assert done.exit_code == 0, one.proof
        else:
            assert (ROOT / one.proof).is_file(), one.proof


def test_the_command_fails_while_a_promise_is_vague_and_prints_json(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("x" * 32)
    (tmp_path / "token").chmod(0o600)
    config = tmp_path / "desk.toml"
    config.write_text(GOOD)
    good = CliRunner().invoke(app, ["check", "rollout", "--json", "-c", str(config)])
    assert good.exit_code == 0, good.output
    assert {one["state"] for one in json.loads(good.stdout)} == {"met"}
    config.write_text(GOOD.replace("promise_seconds = 30", ""))
    vague = CliRunner().invoke(app, ["check", "rollout", "-c", str(config)])
    assert vague.exit_code == 1
    assert "default: promise" in vague.output
    config.write_text("[queues.default]\nnonsense = 1\n")
    assert CliRunner().invoke(app, ["check", "rollout", "-c", str(config)]).exit_code == 78

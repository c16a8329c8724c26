"""Rules of `triggers explain`: it prints what fires after which turn and why; bad input is one sentence."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from server.cli.app import app

pytestmark = pytest.mark.unit

TALK = (
    {"role": "customer", "text": "where is my order"},
    {"role": "assistant", "text": "I don't know."},
    {"role": "customer", "text": "get me a human, you thieves!!"},
)


@pytest.fixture
def talk(tmp_path: Path) -> Path:
    path = tmp_path / "talk.jsonl"
    path.write_text("\n".join(json.dumps(turn) for turn in TALK))
    return path


def explained(*arguments: str) -> list[dict[str, object]]:
    done = CliRunner().invoke(app, ["triggers", "explain", "--no-model", "--json", *arguments])
    assert done.exit_code == 0, done.stderr
    return list(json.loads(done.stdout))


def test_it_says_what_fires_after_which_turn_with_the_words(talk: Path) -> None:
    rows = explained(str(talk))
    asks = next(row for row in rows if row["trigger"] == "asks_for_person")
    assert (asks["turn"], "human" in str(asks["words"])) == (3, True)
    assert any(row["trigger"] == "mood" for row in rows)
    shown = CliRunner().invoke(app, ["triggers", "explain", "--no-model", str(talk)])
    assert "asks_for_person" in shown.stdout


def test_own_settings_and_facts_count(talk: Path, tmp_path: Path) -> None:
    settings = tmp_path / "triggers.toml"
    settings.write_text(
        "[complexity]\ngaps = 1\n[[rules]]\nname = 'gold'\nwhen = 'tier == \"gold\"'\nreason = 'gold'\nqueue = 'vip'\n"
    )
    rows = explained(str(talk), "--triggers", str(settings), "--facts", '{"tier": "gold"}')
    assert {row["trigger"] for row in rows} >= {"complexity", "rule:gold"}
    assert next(row["queue"] for row in rows if row["trigger"] == "rule:gold") == "vip"


def test_a_script_of_the_demo_is_a_transcript_too() -> None:
    script = Path(__file__).parents[4] / "server/demo/scripts/call_just_a_person.toml"
    assert any(row["trigger"] == "asks_for_person" for row in explained(str(script)))


@pytest.mark.parametrize(
    ("content", "settings", "facts"),
    [
        ("nonsense", "", "{}"),
        ("", "", "{}"),
        ('{"role": "ghost", "text": "x"}', "", "{}"),
        ('{"text": "x"}', "[nonsense]", "{}"),
        ('{"text": "x"}', "[[rules]]\nname = 'a'\nreason = 'b'\nwhen = 'tier =='", "{}"),
        ('{"text": "x"}', "[asks_for_person]\nqueue = 'No Such Name'", "{}"),
        ('{"text": "x"}', "", "[]"),
    ],
)
def test_bad_input_is_one_sentence(tmp_path: Path, content: str, settings: str, facts: str) -> None:
    (tmp_path / "talk.jsonl").write_text(content)
    (tmp_path / "triggers.toml").write_text(settings)
    arguments = [str(tmp_path / "talk.jsonl"), "--triggers", str(tmp_path / "triggers.toml"), "--facts", facts]
    done = CliRunner().invoke(app, ["triggers", "explain", "--no-model", *arguments])
    assert done.exit_code in {4, 78}
    assert done.stderr.startswith("operator-server:")
    assert "Traceback" not in done.stderr

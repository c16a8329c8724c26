"""Assistants in the configuration: made, tried from the command line, or refused with the way out."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from server.answering import assistants_of
from server.cli.app import app
from server.clock import SystemClock
from server.config import load
from server.config_rules import ConfigError

pytestmark = pytest.mark.unit

SCRIPT = """
[[reply]]
when = ["refund", "money back"]
say = "I ask somebody who can do that."
handoff = "wants a refund"

[[reply]]
when = ["hello"]
say = "Hello! What is it about?"
"""


def written(folder: Path, text: str) -> Path:
    (folder / "script.toml").write_text(SCRIPT)
    (folder / "bad.toml").write_text("[[reply]]\nwhen = 5")
    (folder / "prompt.md").write_text("Be kind.")
    secret = folder / "secret"
    secret.write_text("whsec_" + "A" * 44)
    secret.chmod(0o600)
    path = folder / "config.toml"
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "https://host/v1"),
        ('url = "http://example.com/v1"\nmodel = "m"', "https://host/v1"),
        ('url = "https://example.com/v1"', "model is missing"),
        ('url = "https://example.com/v1"\nmodel = "m"\nprompt = "no.md"', "no.md cannot be read"),
        ('url = "https://example.com/v1"\nmodel = "m"\nkey_file = "no"', "no"),
        ('kind = "webhook"\nurl = "http://example.com"\nsecret_file = "secret"', "https://"),
        ('kind = "webhook"\nurl = "https://example.com"', "secret_file is missing"),
        ('kind = "webhook"\nurl = "https://example.com"\nsecret_file = "bad.toml"', "chmod 600"),
        ('kind = "script"', "name the file"),
        ('kind = "script"\nscript = "bad.toml"', "cannot be used"),
        ('kind = "robot"', "Invalid enum value"),
        ('kin = "model"', "Did you mean kind?"),
        ("attempts = 0", "attempts"),
    ],
)
def test_an_assistant_that_cannot_work_is_refused_and_named(tmp_path: Path, text: str, says: str) -> None:
    path = written(tmp_path, f"[assistants.robo]\n{text}")
    with pytest.raises(ConfigError) as refusal:
        assistants_of(load(path, {}), SystemClock())
    assert "[assistants.robo]" in str(refusal.value) or "chmod" in str(refusal.value) or "no" in says
    assert says in str(refusal.value)


async def test_each_kind_is_made(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        """
[assistants.small]
url = "http://127.0.0.1:11434/v1"
model = "m"
prompt = "prompt.md"
queue = "billing"
attempts = 3
[assistants.own]
kind = "webhook"
url = "https://example.com/turns"
secret_file = "secret"
[assistants.demo]
kind = "script"
script = "script.toml"
""",
    )
    made = assistants_of(load(path, {}), SystemClock())
    assert list(made) == ["small", "own", "demo"]
    assert (made["small"].policy.queue, made["small"].policy.attempts) == ("billing", 3)
    assert [one.policy.every_turn for one in made.values()] == [False, True, False]
    for one in made.values():
        await one.close()


def test_one_is_tried_from_the_command_line(tmp_path: Path) -> None:
    path = written(tmp_path, '[assistants.demo]\nkind = "script"\nscript = "script.toml"')

    def run(*words: str) -> tuple[int, str]:
        result = CliRunner().invoke(app, ["assistants", *words, "--config", str(path)])
        return result.exit_code, result.stdout

    code, told = run("try", "demo", "I want my MONEY BACK", "--json")
    assert (code, json.loads(told)["text"]) == (0, "I ask somebody who can do that.")
    assert json.loads(told)["handoff"] == "wants a refund"
    code, told = run("list", "--json")
    assert (code, [row["name"] for row in json.loads(told)]) == (0, ["demo"])
    code, told = run("try", "demo", "something else", "--json")
    assert (code != 0, json.loads(told)["code"]) == (True, "script_silent")
    assert run("try", "nobody", "hello")[0] != 0

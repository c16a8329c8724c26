"""Rules of making the translator of the configuration."""

from pathlib import Path

import pytest

from server.config import load
from server.config_rules import ConfigError
from server.translation.model import ModelTranslator
from server.translation.scripted import ScriptedTranslator
from server.translator_of import translator_of

pytestmark = pytest.mark.unit


def made(tmp_path: Path, text: str) -> object:
    path = tmp_path / "config.toml"
    path.write_text(f"[translation]\n{text}\n", encoding="utf-8")
    return translator_of(load(path, {}))


def test_off_nobody_translates(tmp_path: Path) -> None:
    assert made(tmp_path, "") is None


def test_a_model_gets_its_endpoint_key_and_time(tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.touch(mode=0o600)
    key.write_text("sk-x", encoding="ascii")
    found = made(
        tmp_path,
        'kind = "model"\nurl = "https://host/v1"\nmodel = "small"\nkey_file = "key"\ntimeout_seconds = 2.5\n'
        'languages = ["de", "en"]\nautomatic = false',
    )
    assert isinstance(found, ModelTranslator)
    assert (found.languages, found.automatic, found.timeout_seconds) == (("de", "en"), False, 2.5)
    endpoint = found.endpoint
    assert endpoint.key is not None
    assert (endpoint.url, endpoint.model, endpoint.key.reveal()) == ("https://host/v1", "small", "sk-x")


def test_a_script_is_the_book_that_ships_or_ones_own(tmp_path: Path) -> None:
    assert isinstance(made(tmp_path, 'kind = "script"'), ScriptedTranslator)
    (tmp_path / "own.toml").write_text('[[phrase]]\nen = "yes"\nde = "ja"\n', encoding="utf-8")
    own = made(tmp_path, 'kind = "script"\nscript = "own.toml"')
    assert isinstance(own, ScriptedTranslator)
    assert own.language_of("Ja.") == "de"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('kind = "model"\nurl = "http://host/v1"\nmodel = "x"', "https"),
        ('kind = "model"\nurl = "https://host/v1"', "model is missing"),
        ('kind = "script"\nscript = "nowhere.toml"', "cannot be read"),
        ('kind = "script"\nscript = "config.toml"', "cannot be used"),
        ("languages = []", "languages"),
        ('languages = ["english"]', "languages"),
    ],
    ids=["in-the-clear", "no-model", "no-file", "no-book", "no-language", "no-letters"],
)
def test_what_cannot_work_is_refused_by_name(tmp_path: Path, text: str, why: str) -> None:
    with pytest.raises(ConfigError, match=why):
        made(tmp_path, text)

"""Rules of a person's configuration, its file, and the token beside it."""

import os
import stat
from pathlib import Path

import pytest

from operator_console.cli.config_file import changed, save
from operator_console.config import ConfigError, Settings, load, parse
from operator_console.credentials import CredentialError, Token, read_token, save_token, token_path

pytestmark = pytest.mark.unit


def env(tmp_path: Path, **more: str) -> dict[str, str]:
    return {"XDG_CONFIG_HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path / "state"), **more}


def test_without_a_file_the_defaults_hold_and_work_with_a_broker_on_this_machine(tmp_path: Path) -> None:
    config = load(None, env(tmp_path))
    assert config.settings == Settings()
    assert config.path == tmp_path / "operator-console" / "config.toml"
    assert config.state_dir == tmp_path / "state" / "operator-console"


def test_a_relative_xdg_folder_is_ignored_as_the_specification_says() -> None:
    config = load(None, {"XDG_CONFIG_HOME": "here", "HOME": "/home/olga"})
    assert config.path == Path("/home/olga/.config/operator-console/config.toml")


def test_the_option_wins_over_the_environment_and_that_over_the_file(tmp_path: Path) -> None:
    file = tmp_path / "c.toml"
    file.write_text('[server]\nurl = "http://127.0.0.1:1"\n')
    assert load(file, env(tmp_path)).settings.server.url == "http://127.0.0.1:1"
    variables = env(tmp_path, OPERATOR_CONSOLE_CONFIG=str(file), OPERATOR_SERVER="http://127.0.0.1:2")
    assert load(None, variables).settings.server.url == "http://127.0.0.1:2"
    assert load(None, variables, "http://127.0.0.1:3").settings.server.url == "http://127.0.0.1:3"


def test_a_named_file_that_is_missing_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.toml"):
        load(tmp_path / "none.toml", env(tmp_path))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[servr]", "[server]"),
        ('[server]\nulr = "x"', "url"),
        ("[audio]\nmicrofone = 'x'", "microphone"),
        ("[zzz]", "[server], [audio], [screen]"),
        ('url = "x"', "not a setting"),
        ("server = 5", "section"),
        ("[audio]\nblock_ms = 15", "[audio] block_ms"),
        ("[audio]\nbackend = 'alsa'", "[audio] backend"),
        ("[attention]\nbell = 'yes'", "[attention] bell"),
        ("[server", "not TOML"),
    ],
)
def test_what_is_no_setting_is_refused_with_the_nearest_one(text: str, told: str) -> None:
    with pytest.raises(ConfigError) as refused:
        parse(text)
    assert told in str(refused.value)


def test_saving_changes_one_line_and_leaves_comments_and_the_rest() -> None:
    before = '# mine\n[attention]\nbell = false # quiet\n\n[server] # where\nurl = "a"\ntoken_file = "t"\n'
    before += '[audio]\nspeaker = "s"\n'
    after = changed(before, "server", {"url": 'b"\\'})
    assert after == before.replace('url = "a"', 'url = "b\\"\\\\"')
    assert parse(after).server.url == 'b"\\'
    assert parse(changed(before, "audio", {"microphone": "m"})).audio.speaker == "s"
    assert parse(changed("", "audio", {"microphone": "m"})).audio.microphone == "m"
    assert parse(changed('[audio]\nspeaker="s"', "server", {"url": "u"})).server.url == "u"


def test_a_file_that_would_not_be_a_configuration_is_not_written(tmp_path: Path) -> None:
    file = tmp_path / "c.toml"
    file.write_text("[server]\nurl = 5\n")
    with pytest.raises(ConfigError):
        save(file, "audio", {"speaker": "x"})
    assert file.read_text() == "[server]\nurl = 5\n"


def test_the_token_lies_beside_the_configuration_unless_it_says_where(tmp_path: Path) -> None:
    file = tmp_path / "c.toml"
    file.write_text("")
    assert token_path(load(file, {})) == tmp_path / "token"
    file.write_text('[server]\ntoken_file = "secrets/mine"\n')
    assert token_path(load(file, {})) == tmp_path / "secrets" / "mine"


def test_a_saved_token_is_private_from_its_first_byte_and_replaces_an_open_one(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        save_token(tmp_path / "deep" / "token", "first")
        (tmp_path / "deep" / "token").chmod(0o666)
        save_token(tmp_path / "deep" / "token", "second")
    finally:
        os.umask(before)
    file = tmp_path / "deep" / "token"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert file.read_text() == "second\n"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o644])
def test_a_token_file_that_others_may_touch_is_refused_with_the_command_that_helps(tmp_path: Path, mode: int) -> None:
    config = load(None, env(tmp_path))
    save_token(token_path(config), "abc")
    assert read_token(config, {}).text == "abc"
    token_path(config).chmod(mode)
    with pytest.raises(CredentialError) as refused:
        read_token(config, {})
    assert refused.value.code == "token_file"
    assert refused.value.hint == f"chmod 600 {token_path(config)}"


def test_the_environments_token_wins_and_no_token_is_told_apart_from_a_bad_one(tmp_path: Path) -> None:
    config = load(None, env(tmp_path))
    assert read_token(config, {"OPERATOR_TOKEN": " t1 "}).source == "$OPERATOR_TOKEN"
    with pytest.raises(CredentialError) as missing:
        read_token(config, {})
    assert missing.value.code == "no_token"
    for bad in ("two words", "line\nbreak", "tök", "x" * 5000):
        with pytest.raises(CredentialError) as refused:
            read_token(config, {"OPERATOR_TOKEN": bad})
        assert bad not in str(refused.value)


def test_a_token_does_not_show_itself() -> None:
    assert "secret" not in repr(Token("secret", "file"))

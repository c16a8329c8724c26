"""Channels are made by kind, one line each in two lists that say the same."""

from pathlib import Path

import pytest

from server.channel_settings.kinds import KINDS
from server.channels.telegram import TelegramPoller
from server.channels.webhook import WebhookChannel
from server.channels_of import MAKERS, channels_of
from server.clock import ManualClock
from server.config import load
from server.config_rules import ConfigError

pytestmark = pytest.mark.unit

SECRET = "whsec_c2VjcmV0LW9mLXRoZS1jb250cmFjdC1zdWl0ZQ=="


def private(folder: Path, name: str, text: str) -> None:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    path.chmod(0o600)


def written(folder: Path, text: str) -> Path:
    private(folder, "bot.token", "123456:AAbbCCddEEffGGhhIIjjKKllMMnnOOppQQr")
    private(folder, "own.secret", SECRET)
    path = folder / "config.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_every_kind_that_can_be_configured_can_be_made() -> None:
    assert set(MAKERS) == set(KINDS)
    for kind, struct in KINDS.items():
        assert struct().kind == kind


def test_each_section_is_an_account_of_its_kind(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        '[channels.bot]\nkind = "telegram"\ntoken_file = "bot.token"\nassistant = "Robo"\n'
        '[channels.own]\nkind = "webhook"\napi_base = "https://x.example/in"\nsecret_file = "own.secret"\n'
        'queue = "chats"\nelsewhere_seconds = 60\n',
    )
    found = channels_of(load(path, {}), ManualClock(), "https://desk.example/")
    assert isinstance(found["bot"].channel, TelegramPoller)
    assert isinstance(found["own"].channel, WebhookChannel)
    assert (found["bot"].kind, found["bot"].assistant, found["bot"].queue) == ("telegram", "Robo", "default")
    assert (found["own"].queue, found["own"].elsewhere_seconds) == ("chats", 60)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('[channels.bot]\nkind = "telegramm"\n', r"\[channels.bot\] kind .* Did you mean 'telegram'"),
        ("[channels.bot]\n", r"\[channels.bot\] kind = '' is no kind of channel. There are: .*telegram"),
        ("[channels]\nbot = 1\n", r"\[channels.bot\] is a section"),
        ('[channels.bot]\nkind = "telegram"\ntoken = "x"\n', "token is not a setting. Did you mean token_file"),
        ('[channels.bot]\nkind = "telegram"\n', r"\[channels.bot\] token_file is missing"),
        ('[channels.bot]\nkind = "telegram"\ntoken_file = "own.secret"\n', "holds no token"),
        ('[channels.bot]\nkind = "telegram"\ntoken_file = "bot.token"\nway_in = "webhook"\n', "secret_file is missing"),
        ('[channels.own]\nkind = "webhook"\napi_base = "http://x.example"\n', "https"),
        ('[channels.own]\nkind = "webhook"\napi_base = "https://x.example"\n', "secret_file is missing"),
        ('[channels.Bot]\nkind = "telegram"\n', "no name for a section"),
        ('[chanels.bot]\nkind = "telegram"\n', "channels"),
    ],
)
def test_what_cannot_work_is_refused_with_the_way_out(tmp_path: Path, text: str, says: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(ConfigError, match=says):
        channels_of(load(path, {}), ManualClock(), "https://desk.example")

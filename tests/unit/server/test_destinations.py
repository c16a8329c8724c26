"""Destinations in the configuration: made, or refused with the setting and the way out."""

from pathlib import Path

import pytest

from server.config import load
from server.config_rules import ConfigError
from server.destinations import destinations_of
from tests.world import ManualClock

pytestmark = pytest.mark.unit


def made(folder: Path, text: str, **secrets: str) -> list[str]:
    for name, secret in secrets.items():
        path = folder / name
        path.write_text(secret)
        path.chmod(0o600)
    (folder / "config.toml").write_text(text)
    return [type(one).__name__ for one in destinations_of(load(folder / "config.toml", {}), ManualClock()).values()]


def test_slack_and_teams_are_made(tmp_path: Path) -> None:
    text = """
    [notices.ops]
    kind = "slack"
    channel = "C0123456789"
    secret_file = "token"
    fallback = "team"
    [notices.team]
    kind = "teams"
    url_file = "flow"
    """
    assert made(tmp_path, text, token="xoxb-1", flow="https://flow.example.com/x?sig=y") == ["Slack", "Teams"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('kind = "slack"\nchannel = "general"\nsecret_file = "token"', "is no channel's id"),
        ('kind = "slack"\nchannel = "C0123"\nsecret_file = "flow"', "one begins with xoxb-"),
        ('kind = "slack"\nchannel = "C0123"', "secret_file is missing"),
        (
            'kind = "slack"\nchannel = "C0123"\nsecret_file = "token"\napi_base = "http://x.example"',
            "write https://host",
        ),
        ('kind = "slack"\nchannel = "C0123"\nsecret_file = "token"\nsmtp_host = "x"', "smtp_host does nothing with"),
        ('kind = "teams"', "url_file is missing"),
        ('kind = "sms"\nsecret_file = "token"', "account is missing"),
        ('kind = "sms"\nsecret_file = "token"\naccount = "A"', "sender is missing"),
        ('kind = "sms"\nsecret_file = "token"\naccount = "A"\nsender = "+1555"', "recipients is empty"),
        ('kind = "sms"\naccount = "A"\nsender = "+1555"\nrecipients = ["0176"]', "'0176' is no number"),
        ('kind = "sms"\naccount = "A"\nsender = "+1555"\nrecipients = ["+491761"]', "secret_file is missing"),
        ('kind = "sms"\nprovider = "sns"\naccount = "A"', "region goes with provider"),
        ('kind = "teams"\nurl_file = "token"', "write a whole address"),
        ('kind = "teams"\nurl_file = "flow"\nfallback = "x"', "there is no section [notices.x]"),
        ('kind = "teams"\nurl_file = "flow"\nfallback = "a"', "goes round in a circle: a → a"),
    ],
)
def test_what_cannot_work_is_refused_with_the_way_out(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(ConfigError) as refusal:
        made(tmp_path, f"[notices.a]\n{text}\n", token="xoxb-1", flow="https://flow.example.com/x")
    assert says in str(refusal.value)
    assert "[notices.a]" in str(refusal.value)

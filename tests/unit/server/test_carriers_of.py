"""Rules of the carriers of a configuration: who can dial is chosen, never guessed."""

from pathlib import Path

import pytest

from server.carriers_of import carriers_of
from server.config import Config, parse, resolve
from server.config_rules import ConfigError

pytestmark = pytest.mark.unit

PUBLIC = '[server]\npublic_url = "https://desk.example"\n[media]\npublic_url = "wss://media.example"\n'
TWILIO = f'[twilio]\naccount_sid = "AC{"1" * 32}"\n'
NUMBER = 'caller_number = "+15550100"\n'


def configured(folder: Path, text: str) -> Config:
    return resolve(parse(PUBLIC + text), folder, {"OPERATOR_TWILIO_AUTH_TOKEN": "s3cr3t"})


def test_a_carrier_without_a_number_to_show_does_not_dial(tmp_path: Path) -> None:
    assert not carriers_of(configured(tmp_path, TWILIO), "https://desk.example").by_channel
    found = carriers_of(configured(tmp_path, TWILIO + NUMBER), "https://desk.example")
    assert list(found.by_channel) == ["twilio"]
    assert found.to_dial("widget") is found.of("twilio")


def test_whoever_is_to_dial_for_all_must_be_able_to(tmp_path: Path) -> None:
    chosen = '[calls]\ndial_with = "twilio"\n'
    with pytest.raises(ConfigError, match="None can: each needs its account and caller_number"):
        carriers_of(configured(tmp_path, TWILIO + chosen), "https://desk.example")
    with pytest.raises(ConfigError, match="Those that can: twilio"):
        carriers_of(configured(tmp_path, TWILIO + NUMBER + chosen.replace("twilio", "pigeon")), "https://desk.example")
    assert carriers_of(configured(tmp_path, TWILIO + NUMBER + chosen), "https://desk.example").dial_with == "twilio"

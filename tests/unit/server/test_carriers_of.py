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

PLIVO = f'[plivo]\nauth_id = "MA{"X" * 18}"\nauth_token_file = "secret"\n'
JAMBONZ = '[jambonz]\naccount_sid = "a-1"\napi_key_file = "secret"\n'
CHIME = '[chime]\napplication_id = "sma-1"\nkey_id = "AKIA"\nconnector_arn = "arn:aws:chime:us-east-1:1:vc/x"\n'
LINE = '[sip]\nlisten = "127.0.0.1:5060"\n'
TELNYX = '[telnyx]\nconnection_id = "1234"\napi_key_file = "secret"\n'


def configured(folder: Path, text: str) -> Config:
    (folder / "secret").write_text("s3cr3t")
    (folder / "secret").chmod(0o600)
    return resolve(parse(PUBLIC + text), folder, {"OPERATOR_TWILIO_AUTH_TOKEN": "s3cr3t"} if "[twilio]" in text else {})


def test_a_carrier_without_a_number_to_show_does_not_dial(tmp_path: Path) -> None:
    assert carriers_of(configured(tmp_path, TWILIO), "https://desk.example").to_dial("twilio") is None
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


def test_of_several_that_can_dial_one_is_chosen_and_the_own_one_comes_first(tmp_path: Path) -> None:
    both = PLIVO + NUMBER + TELNYX + NUMBER
    with pytest.raises(ConfigError, match=r"several carriers can dial \(plivo, telnyx\)"):
        carriers_of(configured(tmp_path, both), "https://desk.example")
    found = carriers_of(configured(tmp_path, both + '[calls]\ndial_with = "telnyx"\n'), "https://desk.example")
    assert (found.to_dial("web"), found.to_dial("plivo")) == (found.of("telnyx"), found.of("plivo"))
    mute = carriers_of(configured(tmp_path, PLIVO + TELNYX + NUMBER), "https://desk.example")
    assert (mute.to_dial("plivo"), mute.of("plivo") is None) == (mute.of("telnyx"), False)


def test_a_carrier_that_is_configured_by_half_is_refused(tmp_path: Path) -> None:
    for text, said in (
        (PLIVO.replace('auth_token_file = "secret"', ""), "[plivo] auth_token_file is missing"),
        (TELNYX.replace('api_key_file = "secret"', ""), "[telnyx] api_key_file is missing"),
        (JAMBONZ.replace('api_key_file = "secret"', ""), "[jambonz] api_key_file is missing"),
        (CHIME, "[chime] needs [sip] listen"),
        (LINE + CHIME.replace('key_id = "AKIA"', ""), "[chime] needs connector_arn and key_id"),
        (LINE + CHIME, "[chime] relay_secret_file is missing"),
        (LINE + CHIME + 'relay_secret_file = "secret"\n', "[chime] relay_secret_file holds no such secret"),
    ):
        with pytest.raises(ConfigError) as refused:
            carriers_of(configured(tmp_path, text), "https://desk.example")
        assert said in str(refused.value)
    for text in (PLIVO, TELNYX, JAMBONZ):
        config = resolve(parse('[server]\npublic_url = "https://desk.example"\n' + text), tmp_path, {})
        with pytest.raises(ConfigError, match=r"\[media\] public_url is missing"):
            carriers_of(config, "https://desk.example")

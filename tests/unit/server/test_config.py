"""Rules of the configuration: nothing unknown, nothing unsafe, no secret in the file, and a way out in each refusal."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from server import config
from server.build import card_writer_of, redactor_of
from server.clock import ManualClock
from server.config_rules import ConfigError
from server.desk_rules import rules_of
from server.wire.terms import OrganisationId

pytestmark = pytest.mark.unit

SID = "AC" + "0" * 32
PUBLIC = {"server": 'public_url = "https://desk.example.com"', "media": 'public_url = "wss://desk.example.com/live"'}


def loaded(tmp_path: Path, text: str, environment: Mapping[str, str] | None = None) -> config.Config:
    path = tmp_path / "operator.toml"
    path.write_text(text, encoding="utf-8")
    return config.load(path, environment or {})


def refusal(tmp_path: Path, text: str, environment: Mapping[str, str] | None = None) -> str:
    with pytest.raises(ConfigError) as raised:
        loaded(tmp_path, text, environment)
    return str(raised.value)


def secret_file(path: Path, text: str = "s3cr3t", mode: int = 0o600) -> Path:
    path.write_text(text)
    path.chmod(mode)
    return path


def test_without_a_file_the_defaults_bind_loopback_and_keep_sqlite_in_the_data_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    made = config.load(None, {})
    assert made.settings == config.Settings()
    assert made.settings.server.host == made.settings.media.host == "127.0.0.1"
    assert made.database_url.reveal() == f"sqlite:///{tmp_path}/var/operator.sqlite3"
    assert made.twilio_auth_token is None


def test_the_environment_may_name_the_file(tmp_path: Path) -> None:
    (tmp_path / "x.toml").write_text("[desk]\nwrap_up_seconds = 5\n")
    assert config.load(None, {"OPERATOR_CONFIG": str(tmp_path / "x.toml")}).desk.wrap_up_seconds == 5


def test_a_relative_path_counts_from_the_folder_of_the_file(tmp_path: Path) -> None:
    assert loaded(tmp_path, '[server]\ndata_dir = "data"\n').data_dir == tmp_path / "data"


def test_an_unknown_setting_is_refused_with_the_nearest_known_one(tmp_path: Path) -> None:
    assert refusal(tmp_path, "[desk]\noffer_second_voice = 5\n") == (
        "[desk] offer_second_voice is not a setting. Did you mean offer_seconds_voice?"
    )


def test_an_unknown_section_is_refused_with_the_nearest_known_one(tmp_path: Path) -> None:
    assert refusal(tmp_path, "[medai]\nport = 5\n") == "[medai] is not a setting. Did you mean [media]?"


def test_a_queue_has_rules_of_its_own_and_the_desks_for_the_rest(tmp_path: Path) -> None:
    settings = loaded(
        tmp_path, "[desk]\nwrap_up_seconds = 20\n[queues.billing]\npromise_seconds = 5\nwrap_up_seconds = 0\n"
    ).settings
    rules = rules_of(settings)
    assert (rules.promise_seconds, rules.wrap_up_seconds) == (60, 20)
    billing = rules.of("billing")
    assert (billing.promise_seconds, billing.wrap_up_seconds, billing.wait_expires_seconds) == (5, 0, 1800)
    assert rules.of("sales") is rules


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("[queues.billing]\npromise = 5\n", "[queues.billing] promise is not a setting. Did you mean promise_seconds?"),
        ("[queues.billing]\npromise_seconds = 0\n", "[queues.billing] promise_seconds"),
        ("[queues.Billing]\npromise_seconds = 5\n", "[queues.Billing] is no name for a section"),
        ("[queues]\nbilling = 5\n", "[queues.billing] is a section"),
    ],
)
def test_a_wrong_setting_of_a_queue_is_named(tmp_path: Path, text: str, where: str) -> None:
    assert refusal(tmp_path, text).startswith(where)


def test_a_name_like_no_other_is_refused_with_all_there_are(tmp_path: Path) -> None:
    assert "There are: level, format, personal." in refusal(tmp_path, "[log]\nzzz = 1\n")


def test_a_secret_in_the_file_itself_is_refused(tmp_path: Path) -> None:
    assert "Did you mean auth_token_file?" in refusal(tmp_path, '[twilio]\nauth_token = "s3cr3t"\n')


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("[server]\nport = 70000", "[server] port"),
        ('[server]\nport = "8080"', "[server] port"),
        ("[desk]\noffer_seconds_voice = 0", "[desk] offer_seconds_voice"),
        ("[desk]\noffer_seconds_voice = nan", "[desk] offer_seconds_voice"),
        ("[desk]\nwait_expires_seconds = inf", "[desk] wait_expires_seconds"),
        ('[desk]\nrouting = "random"', "[desk] routing"),
        ('[log]\nlevel = "loud"', "[log] level"),
        ('[twilio]\naccount_sid = "AC1"', "[twilio] account_sid"),
        ('[server]\ndata_dir = ""', "[server] data_dir"),
    ],
)
def test_a_value_of_the_wrong_kind_or_out_of_range_is_refused_by_name(tmp_path: Path, text: str, where: str) -> None:
    assert refusal(tmp_path, text).startswith(f"{where}: ")


@pytest.mark.parametrize("text", ["[server", "server = 5", "x = 1\n", "\x00"])
def test_what_is_no_configuration_is_refused(tmp_path: Path, text: str) -> None:
    assert refusal(tmp_path, text)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"absent\.toml cannot be read"):
        config.load(tmp_path / "absent.toml", {})


def test_a_file_that_is_not_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="UTF-8"):
        config.load(tmp_path / "x.toml", {})


@pytest.mark.parametrize("section", ["server", "media"])
@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7", "desk.example.com"])
def test_a_listener_open_to_the_network_needs_tls_or_a_proxy(tmp_path: Path, section: str, host: str) -> None:
    sentence = refusal(tmp_path, f'[{section}]\nhost = "{host}"\n{PUBLIC[section]}\n')
    assert f"[{section}] host = '{host}'" in sentence
    assert "behind_proxy" in sentence


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "localhost"])
def test_a_listener_on_loopback_needs_nothing(tmp_path: Path, host: str) -> None:
    assert loaded(tmp_path, f'[server]\nhost = "{host}"\n').settings.server.host == host


def test_a_listener_behind_a_proxy_may_bind_anything_but_must_say_its_address(tmp_path: Path) -> None:
    opened = '[server]\nhost = "0.0.0.0"\nbehind_proxy = true\n'
    assert "public_url is missing" in refusal(tmp_path, opened)
    assert loaded(tmp_path, opened + PUBLIC["server"]).settings.server.behind_proxy


def test_a_listener_with_tls_may_bind_anything_when_its_key_is_private(tmp_path: Path) -> None:
    (tmp_path / "chain.pem").write_text("x")
    key = secret_file(tmp_path / "key.pem")
    text = f'[media]\nhost = "0.0.0.0"\ntls_cert = "chain.pem"\ntls_key = "key.pem"\n{PUBLIC["media"]}\n'
    assert loaded(tmp_path, text).settings.media.tls_cert == "chain.pem"
    key.chmod(0o644)
    assert f"chmod 600 {key}" in refusal(tmp_path, text)
    key.unlink()
    assert "tls_key: there is no file" in refusal(tmp_path, text)


def test_half_of_tls_is_refused(tmp_path: Path) -> None:
    assert "belong together" in refusal(tmp_path, '[server]\ntls_cert = "chain.pem"\n')


@pytest.mark.parametrize(
    "url",
    [
        "http://desk.example.com",
        "ws://192.0.2.7",
        "desk.example.com",
        "https://u:p@h",
        "https://h?x=1",
        "ftp://h",
        "wss://h",
    ],
)
def test_an_address_for_others_must_be_a_secure_one(tmp_path: Path, url: str) -> None:
    assert "[server] public_url" in refusal(tmp_path, f'[server]\npublic_url = "{url}"\n')


def test_twilio_needs_account_token_and_addresses_it_can_reach(tmp_path: Path) -> None:
    token = {"OPERATOR_TWILIO_AUTH_TOKEN": "s3cr3t"}
    account = f'[twilio]\naccount_sid = "{SID}"\n'
    addresses = f"[server]\n{PUBLIC['server']}\n[media]\n{PUBLIC['media']}\n"
    assert "auth_token_file" in refusal(tmp_path, account + addresses)
    assert "account_sid is missing" in refusal(tmp_path, "", token)
    assert "[media] public_url is missing" in refusal(tmp_path, account + f"[server]\n{PUBLIC['server']}\n", token)
    made = loaded(tmp_path, account + addresses, token)
    assert made.twilio_auth_token is not None
    assert made.twilio_auth_token.reveal() == "s3cr3t"
    assert "s3cr3t" not in repr(made)


def test_a_secret_may_come_from_a_private_file(tmp_path: Path) -> None:
    path = secret_file(tmp_path / "token")
    addresses = f"[server]\n{PUBLIC['server']}\n[media]\n{PUBLIC['media']}\n"
    text = f'[twilio]\naccount_sid = "{SID}"\nauth_token_file = "token"\n{addresses}'
    made = loaded(tmp_path, text)
    assert made.twilio_auth_token is not None
    path.chmod(0o640)
    assert f"chmod 600 {path}" in refusal(tmp_path, text)


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    made = loaded(
        tmp_path, '[database]\nurl = "sqlite:///x"\n', {"OPERATOR_DATABASE_URL": "postgresql://root:pw@h/operator"}
    )
    assert made.database_url.reveal() == "postgresql://root:pw@h/operator"


def test_a_database_password_comes_from_its_own_file(tmp_path: Path) -> None:
    secret_file(tmp_path / "pw", "p@ss/word")
    url = 'url = "postgresql://desk@db.example.com:5432/operator"'
    made = loaded(tmp_path, f'[database]\n{url}\npassword_file = "pw"\n')
    assert made.database_url.reveal() == "postgresql://desk:p%40ss%2Fword@db.example.com:5432/operator"
    assert "holds a password" in refusal(tmp_path, '[database]\nurl = "postgresql://desk:pw@h/operator"\n')
    assert "needs a url with a user" in refusal(tmp_path, '[database]\npassword_file = "pw"\n')


def test_another_kind_of_database_is_refused(tmp_path: Path) -> None:
    assert "mysql" in refusal(tmp_path, '[database]\nurl = "mysql://h/x"\n')


def test_a_language_model_is_asked_over_https_or_on_this_machine_and_by_name(tmp_path: Path) -> None:
    assert "https" in refusal(tmp_path, '[llm]\nurl = "http://models.example/v1"\nname = "x"')
    assert "name is missing" in refusal(tmp_path, '[llm]\nurl = "https://models.example/v1"')
    text = '[llm]\nurl = "http://127.0.0.1:11434/v1"\nname = "small"'
    made = loaded(tmp_path, text, {"OPERATOR_LLM_KEY": "sk-1"})
    assert made.llm_key is not None
    assert made.llm_key.reveal() == "sk-1"
    writer = card_writer_of(made, ManualClock())
    assert writer.has_model
    assert not card_writer_of(loaded(tmp_path, ""), ManualClock()).has_model
    with pytest.raises(ConfigError, match=r"none\.md"):
        card_writer_of(loaded(tmp_path, text + '\nprompt = "none.md"'), ManualClock())


def test_an_organisation_may_have_a_redaction_policy_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text("[o_lax]\nibans = false\n")
    redactor = redactor_of(loaded(tmp_path, '[redaction]\ncards = "all"\norganisations = "own.toml"'))
    text = "GB29NWBK60161331926819 4111111111111111"
    assert redactor.redact(OrganisationId("o_lax"), text) == "GB29NWBK60161331926819 [card]"
    assert redactor.redact(OrganisationId("o_other"), text) == "[IBAN ending 6819] [card]"
    (tmp_path / "own.toml").write_text("[o_lax]\nibanz = false\n")
    with pytest.raises(ConfigError, match="ibanz"):
        redactor_of(loaded(tmp_path, '[redaction]\norganisations = "own.toml"'))

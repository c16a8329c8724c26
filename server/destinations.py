"""Make the destinations of notices from the configuration; refuse what cannot work."""

import re
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from typing import Final

import msgspec

from server.broker.ports.notices import Destination
from server.clock import Clock
from server.config import Config, Settings
from server.config_notices import FIELDS, NoticeSettings
from server.config_rules import ConfigError, is_loopback
from server.notices.email import Email
from server.notices.signed_post import check_url
from server.notices.slack import API_BASE as SLACK_API
from server.notices.slack import Slack
from server.notices.sms import Sms
from server.notices.sms_vendors import KINDS as SMS_KINDS
from server.notices.sms_vendors import Account
from server.notices.teams import Teams
from server.notices.webhook import Webhook
from server.secret_files import SecretText

_NUMBER: Final = re.compile(r"\+[1-9][0-9]{4,14}")
_CHANNEL: Final = re.compile(r"[CGD][A-Z0-9]{2,30}")


def destinations_of(config: Config, clock: Clock) -> dict[str, Destination]:
    """Return every destination of notices, ready to send.

    Raises:
        ConfigError: a setting is missing or makes no sense, or a secret cannot be read.
    """
    found: dict[str, Destination] = {}
    for name, settings in config.settings.notices.items():
        _check_fields(name, settings)
        _check_fallbacks(name, config.settings.notices)
        own = {to: one for to, one in _of_people(config.settings).items() if to.partition(":")[0] == name}
        for to, one in own.items():
            found[to] = _MAKERS[one.kind](config, name, one, clock)
        if not own or settings.recipients:
            found[name] = _MAKERS[settings.kind](config, name, settings, clock)
    return found


def fallbacks_of(settings: Settings) -> dict[str, str]:
    """Return where a notice goes that a destination does not take; somebody's own stays with them."""
    found = {name: one.fallback for name, one in settings.notices.items() if one.fallback}
    for to, one in _of_people(settings).items():
        if one.fallback:
            same_kind = settings.notices[one.fallback].kind == one.kind
            found[to] = f"{one.fallback}:{to.partition(':')[2]}" if same_kind else one.fallback
    return found


def sms_tokens(config: Config) -> dict[str, SecretText]:
    """Return the auth tokens of those destinations whose people can answer by SMS."""
    twilio = {
        name: config.secret(one.secret_file)
        for name, one in config.settings.notices.items()
        if one.kind == "sms" and one.provider == "twilio"
    }
    return {name: token for name, token in twilio.items() if token is not None}


def _of_people(settings: Settings) -> dict[str, NoticeSettings]:
    """Return destinations with an address of somebody on call in place of their own, such as `sms:+4917612345678`.

    Raises:
        ConfigError: a kind that has no addresses.
    """
    found: dict[str, NoticeSettings] = {}
    for schedule, on_call in settings.on_call.items():
        for to in (to for person in on_call.people for to in person.to if ":" in to):
            name, _, address = to.partition(":")
            while name and name in settings.notices and f"{name}:{address}" not in found:
                base = settings.notices[name]
                if "recipients" not in FIELDS[base.kind]:
                    raise ConfigError(
                        f"[on_call.{schedule}] {to!r}: [notices.{name}] has no addresses. Write {name!r} alone."
                    )
                found[f"{name}:{address}"] = msgspec.structs.replace(base, recipients=(address,))
                onward = settings.notices.get(base.fallback)
                name = base.fallback if onward is not None and onward.kind == base.kind else ""
    return found


def _check_fields(name: str, settings: NoticeSettings) -> None:
    """Refuse settings that this kind does not read."""
    usual = NoticeSettings()
    for field in msgspec.structs.fields(NoticeSettings):
        written: object = getattr(settings, field.name)
        if field.name not in FIELDS[settings.kind] and written != getattr(usual, field.name):
            kinds = sorted(kind for kind, fields in FIELDS.items() if field.name in fields)
            raise ConfigError(
                f'[notices.{name}] {field.name} does nothing with kind = "{settings.kind}": take it out, or write '
                f"kind = {' or '.join(kinds)}."
            )


def _check_fallbacks(start: str, notices: Mapping[str, NoticeSettings]) -> None:
    """Refuse a fallback that is none, or that leads back."""
    path = [start]
    while onward := notices[path[-1]].fallback:
        if onward not in notices:
            raise ConfigError(f"[notices.{path[-1]}] fallback: there is no section [notices.{onward}].")
        if onward in path:
            raise ConfigError(
                f"[notices.{path[-1]}] fallback goes round in a circle: {' → '.join((*path, onward))}. "
                "Let the last one have none."
            )
        path.append(onward)


def _secret_of(config: Config, name: str, file: str, what: str, field: str = "secret_file") -> SecretText:
    secret = config.secret(file)
    if secret is None:
        raise ConfigError(f"[notices.{name}] {field} is missing: {what}.")
    return secret


def _webhook(config: Config, name: str, settings: NoticeSettings, clock: Clock) -> Destination:
    wrong = check_url(settings.url, allow_private=settings.allow_private)
    if wrong:
        raise ConfigError(f"[notices.{name}] url: {wrong}.")
    secret = _secret_of(config, name, settings.secret_file, "without it the receiver cannot tell who sends")
    try:
        return Webhook(settings.url, secret, clock, allow_private=settings.allow_private)
    except ValueError as error:
        raise ConfigError(f"[notices.{name}] secret_file: {error}.") from error


def _email(config: Config, name: str, settings: NoticeSettings, _clock: Clock) -> Destination:
    if not (settings.smtp_host and settings.sender and settings.recipients):
        raise ConfigError(f"[notices.{name}] needs smtp_host, sender and recipients.")
    if settings.smtp_tls == "none" and not is_loopback(settings.smtp_host):
        raise ConfigError(
            f'[notices.{name}] smtp_tls = "none" would send customers\' words in the clear: write "starttls".'
        )
    password = config.secret(settings.password_file)
    if bool(settings.smtp_user) != (password is not None):
        raise ConfigError(f"[notices.{name}] smtp_user and password_file go together.")
    try:
        return Email(
            host=settings.smtp_host,
            port=settings.smtp_port,
            sender=settings.sender,
            recipients=settings.recipients,
            tls=settings.smtp_tls,
            user=settings.smtp_user,
            password=password,
        )
    except ValueError as error:
        raise ConfigError(f"[notices.{name}] {error}") from error


def _slack(config: Config, name: str, settings: NoticeSettings, _clock: Clock) -> Destination:
    if not _CHANNEL.fullmatch(settings.channel):
        raise ConfigError(
            f"[notices.{name}] channel = {settings.channel!r} is no channel's id: copy it from the channel's details, "
            "such as C0123456789."
        )
    token = _secret_of(config, name, settings.secret_file, "put the app's bot token (xoxb-...) into it")
    if not token.reveal().startswith("xoxb-"):
        raise ConfigError(f"[notices.{name}] secret_file holds no bot token: one begins with xoxb-.")
    base = _api_base(name, settings, SLACK_API)
    return Slack(token, settings.channel, api_base=base)


def _teams(config: Config, name: str, settings: NoticeSettings, _clock: Clock) -> Destination:
    url = _secret_of(config, name, settings.url_file, "put the Workflow's address into it", "url_file")
    wrong = check_url(url.reveal(), allow_private=settings.allow_private)
    if wrong:
        raise ConfigError(f"[notices.{name}] url_file: {wrong}.")
    return Teams(url, allow_private=settings.allow_private)


def _sms(config: Config, name: str, settings: NoticeSettings, clock: Clock) -> Destination:
    where, kind = f"[notices.{name}]", SMS_KINDS[settings.provider]
    if settings.provider != "telnyx" and not settings.account:
        raise ConfigError(f"{where} account is missing: whose messages are they at {kind.name}?")
    if bool(settings.region) != (settings.provider == "sns"):
        raise ConfigError(f'{where} region goes with provider = "sns", and with no other.')
    if not settings.sender and settings.provider != "sns":
        raise ConfigError(f"{where} sender is missing: the number or name that is shown.")
    if not settings.recipients:
        raise ConfigError(f"{where} recipients is empty: write numbers, such as +4917612345678.")
    for number in settings.recipients:
        if not _NUMBER.fullmatch(number):
            raise ConfigError(f"{where} {number!r} is no number: write + and digits, such as +4917612345678.")
    secret = _secret_of(config, name, settings.secret_file, f"put {kind.name}'s token, secret or key into it")
    account = Account(account=settings.account, secret=secret.reveal(), sender=settings.sender, region=settings.region)
    base = _api_base(name, settings, kind.api_base.format(region=settings.region))
    answers = settings.provider == "twilio"
    return Sms(kind, account, settings.recipients, clock, api_base=base, answers=answers)


def _api_base(name: str, settings: NoticeSettings, usual: str) -> str:
    """Return the vendor's address; in the clear only on this machine, because a token goes along."""
    base = settings.api_base or usual
    host = base.partition("://")[2].partition("/")[0].rpartition(":")[0] or base.partition("://")[2]
    if not (base.startswith("https://") or (base.startswith("http://") and is_loopback(host))):
        raise ConfigError(f"[notices.{name}] api_base = {base!r}: write https://host (http only for this machine).")
    return base


def _google_calendar(config: Config, name: str, settings: NoticeSettings, clock: Clock) -> Destination:
    if find_spec("jwt") is None or find_spec("cryptography") is None:
        raise ConfigError(f'[notices.{name}] needs PyJWT: pip install "operator-console[google-chat]".')
    from server.notices.google_calendar import API_BASE, GoogleCalendar  # noqa: PLC0415 - an extra

    if not settings.calendar:
        raise ConfigError(f"[notices.{name}] calendar is missing: its id, such as desk@example.com.")
    key = _secret_of(config, name, settings.secret_file, "put the key of a service account into it")
    try:
        return GoogleCalendar(settings.calendar, key, clock, api_base=_api_base(name, settings, API_BASE))
    except ValueError as error:
        raise ConfigError(f"[notices.{name}] secret_file {error}.") from error


def _apprise(config: Config, name: str, settings: NoticeSettings, _clock: Clock) -> Destination:
    if find_spec("apprise") is None:
        raise ConfigError(f'[notices.{name}] needs Apprise: pip install "operator-console[apprise]".')
    from server.notices.generic import Generic  # noqa: PLC0415 - an extra

    addresses = _secret_of(config, name, settings.url_file, "put Apprise's addresses into it, one a line", "url_file")
    try:
        return Generic(addresses)
    except ValueError as error:
        raise ConfigError(f"[notices.{name}] url_file: {error}.") from error


_MAKERS: Final[Mapping[str, Callable[[Config, str, NoticeSettings, Clock], Destination]]] = {
    "webhook": _webhook,
    "email": _email,
    "slack": _slack,
    "teams": _teams,
    "sms": _sms,
    "google_calendar": _google_calendar,
    "apprise": _apprise,
}

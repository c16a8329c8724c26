"""Make the ticket systems of the configuration; refuse what cannot work."""

from collections.abc import Callable, Mapping
from typing import Final
from urllib.parse import urlsplit

from server.broker.ports.tickets import TicketDesk, TicketSystem
from server.clock import Clock
from server.config import Config
from server.config_rules import ConfigError, is_loopback
from server.config_tickets import TicketSettings
from server.notices.signed_post import check_url
from server.secret_files import SecretText
from server.tickets.jira import Jira
from server.tickets.servicenow import ServiceNow
from server.tickets.webhook import WebhookTickets
from server.tickets.zendesk import Zendesk


def tickets_of(config: Config, clock: Clock) -> dict[str, TicketDesk]:
    """Return every system that keeps tickets, by its name.

    Raises:
        ConfigError: a setting is missing or makes no sense, a secret cannot be read, or a queue names a system that is
            not there.
    """
    for queue, settings in config.settings.queues.items():
        system = settings.ticket.system
        if system and system not in config.settings.tickets:
            raise ConfigError(
                f"[queues.{queue}] ticket: there is no ticket system {system!r}. Write a section [tickets.{system}]."
            )
    return {
        name: TicketDesk(
            system=_MAKERS[one.kind](f"[tickets.{name}]", one, _secret(config, name, one), clock),
            reopen_days=one.reopen_days,
            solve=one.solve,
            link=one.link,
        )
        for name, one in config.settings.tickets.items()
    }


def _secret(config: Config, name: str, settings: TicketSettings) -> SecretText:
    secret = config.secret(settings.secret_file)
    if secret is None:
        raise ConfigError(f"[tickets.{name}] secret_file is missing: name a file with the token (chmod 600).")
    return secret


def _check_base(where: str, settings: TicketSettings) -> str:
    parts = urlsplit(settings.api_base)
    local = parts.scheme == "http" and is_loopback(parts.hostname or "")
    if not parts.hostname or not (parts.scheme == "https" or local) or parts.username or parts.query:
        raise ConfigError(
            f"{where} api_base = {settings.api_base!r}: write https://host (http only for this machine), nothing else."
        )
    return settings.api_base.rstrip("/")


def _zendesk(where: str, settings: TicketSettings, secret: SecretText, _clock: Clock) -> TicketSystem:
    return Zendesk(_check_base(where, settings), settings.user, secret)


def _jira(where: str, settings: TicketSettings, secret: SecretText, _clock: Clock) -> TicketSystem:
    if not settings.project:
        raise ConfigError(f"{where} project is missing: write the key of the Jira project, such as OPS.")
    return Jira(
        _check_base(where, settings),
        settings.user,
        secret,
        project=settings.project,
        issue_type=settings.issue_type,
    )


def _servicenow(where: str, settings: TicketSettings, secret: SecretText, _clock: Clock) -> TicketSystem:
    return ServiceNow(_check_base(where, settings), settings.user, secret, table=settings.table)


def _webhook(where: str, settings: TicketSettings, secret: SecretText, clock: Clock) -> TicketSystem:
    wrong = check_url(settings.api_base, allow_private=settings.allow_private)
    if wrong:
        raise ConfigError(f"{where} api_base: {wrong}.")
    try:
        return WebhookTickets(settings.api_base, secret, clock, allow_private=settings.allow_private)
    except ValueError as error:
        raise ConfigError(f"{where} secret_file: {error}.") from error


_MAKERS: Final[Mapping[str, Callable[[str, TicketSettings, SecretText, Clock], TicketSystem]]] = {
    "zendesk": _zendesk,
    "jira": _jira,
    "servicenow": _servicenow,
    "webhook": _webhook,
}

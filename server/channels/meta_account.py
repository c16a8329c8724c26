"""Hold what an account on one of Meta's platforms needs: its secrets, the way to Graph, the proof of its webhooks."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import urlsplit

from server.broker.ports.channels import Answer, Incoming
from server.channel_settings.meta import MetaSettings
from server.channels import meta_webhook
from server.channels.graph import Graph
from server.channels.http import Http
from server.channels.setup import Setup
from server.config_rules import is_loopback
from server.secret_files import SecretText


@dataclass(frozen=True, slots=True)
class MetaAccount:
    """The secrets of one account.

    Attributes:
        http: The way to Meta.
        graph: The same, signed on.
        app_secret: Signs webhooks.
        verify_token: What Meta must show to be told that the address is ours.
    """

    http: Http
    graph: Graph
    app_secret: SecretText
    verify_token: SecretText


def meta_account(settings: MetaSettings, setup: Setup) -> MetaAccount:
    """Return what the section of an account names.

    Raises:
        ConfigError: a secret is missing, or the token would cross the network in the clear.
    """
    token = setup.secret("token_file", settings.token_file, "make a token that does not expire in Meta's settings")
    why = "it stands in the Meta app under Settings, Basic"
    address = urlsplit(settings.api_base)
    if address.scheme != "https" and not (address.scheme == "http" and is_loopback(address.hostname or "")):
        raise setup.wrong("api_base", "must begin with https://: the token goes there")
    http = Http(settings.api_base, transport=setup.transport)
    return MetaAccount(
        http=http,
        graph=Graph(http, token),
        app_secret=setup.secret("app_secret_file", settings.app_secret_file, why),
        verify_token=setup.secret("verify_token_file", settings.verify_token_file, "make one: openssl rand -hex 32"),
    )


class MetaChannel:
    """What accounts on all of Meta's platforms do alike."""

    def __init__(self, meta: MetaAccount) -> None:
        """Speak for one account, with its secrets and the way to Graph."""
        self._meta: Final = meta
        self._graph: Final = meta.graph

    def challenge(self, incoming: Incoming) -> Answer | None:
        """Return the answer to `hub.challenge`.

        Raises:
            NotAuthenticatedError: `bad_verify_token`.
        """
        return meta_webhook.challenge(incoming, self._meta.verify_token)

    def verify(self, incoming: Incoming, now: datetime) -> None:
        """Check `X-Hub-Signature-256`; Meta signs no time, so `now` is nothing to it.

        Raises:
            NotAuthenticatedError: `bad_signature`.
        """
        meta_webhook.verify(incoming, self._meta.app_secret)

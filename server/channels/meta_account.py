"""Hold what an account on one of Meta's platforms needs: its secrets, and the way to Graph."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from server.channel_settings.meta import MetaSettings
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

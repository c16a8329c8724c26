"""Reach the running broker as its administrator: the address and the token lie in data_dir."""

import json
import os
import ssl
from collections.abc import Iterator, Mapping
from typing import cast

import httpx

from server.config import Config
from server.core.errors import CallerError, ProviderError
from server.places import ADDRESS_FILE, ADMIN_TOKEN
from server.secret_files import SecretFileError, read_secret
from server.wire.version import USER_AGENT

TIMEOUT_SECONDS = 10.0
ORGANISATION_VARIABLE = "OPERATOR_ORGANISATION"
"""Environment: the organisation that commands are about; `operator-server --organisation` sets it."""


class Administrator:
    """The REST API of the running broker, as its administrator."""

    def __init__(self, config: Config, *, seconds: float = TIMEOUT_SECONDS) -> None:
        """Find the broker of this data_dir; it has so many seconds for an answer.

        Raises:
            ProviderError: `broker_not_running`.
            CallerError: `admin_token_unreadable`.
        """
        try:
            address = json.loads((config.data_dir / ADDRESS_FILE).read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise ProviderError(
                "broker_not_running", f"No broker runs on {config.data_dir}.", "Start one: operator-server run"
            ) from error
        try:
            token = read_secret(config.data_dir / ADMIN_TOKEN).reveal()
        except SecretFileError as error:
            raise CallerError("admin_token_unreadable", str(error)) from error
        self._client = httpx.Client(
            base_url=address["url"],
            headers={"Authorization": f"Bearer {token}", "User-Agent": USER_AGENT, **_organisation()},
            timeout=seconds,
            verify=_own_certificate(config) or True,
        )

    def ask(
        self, method: str, path: str, body: dict[str, object] | None = None, *, query: Mapping[str, str] | None = None
    ) -> object:
        """Return the decoded answer.

        Raises:
            CallerError: what the broker refused, with its code.
            ProviderError: `broker_not_running` when it does not answer.
        """
        try:
            response = self._client.request(method, path, json=body, params=query)
        except httpx.HTTPError as error:
            raise ProviderError(
                "broker_not_running", f"The broker does not answer: {error}.", "Look whether it runs."
            ) from error
        if response.is_success:
            return cast("object", response.json()) if response.content else None
        raise _refusal(response)

    def fetch(self, path: str) -> Iterator[bytes]:
        """Yield the bytes of a file of the broker.

        Raises:
            CallerError: what the broker refused, with its code.
            ProviderError: `broker_not_running` when it does not answer, or stops in the middle.
        """
        try:
            with self._client.stream("GET", path) as response:
                if not response.is_success:
                    response.read()
                    raise _refusal(response)
                yield from response.iter_bytes()
        except httpx.HTTPError as error:
            raise ProviderError(
                "broker_not_running", f"The broker does not answer: {error}.", "Look whether it runs."
            ) from error


def _organisation() -> dict[str, str]:
    """Return the header that names the organisation; nothing for the default one."""
    name = os.environ.get(ORGANISATION_VARIABLE, "")
    return {"Operator-Organisation": name} if name else {}


def _refusal(response: httpx.Response) -> CallerError:
    refusal = cast("dict[str, str]", response.json())
    return CallerError(refusal.get("code", "refused"), refusal.get("message", ""), refusal.get("hint", ""))


def _own_certificate(config: Config) -> ssl.SSLContext | None:
    """Return the trust in the broker's own certificate, whatever host it names; None when it serves no TLS itself."""
    if not config.settings.server.tls_cert:
        return None
    context = ssl.create_default_context(cafile=config.settings.server.tls_cert)
    context.check_hostname = False  # the address is this host's own, from a file only we can write
    return context

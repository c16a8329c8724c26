"""Refuse combinations of settings that would be unsafe or could not work, in a sentence that says the way out."""

import stat
from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import Path
from typing import Final, Protocol
from urllib.parse import quote, urlsplit, urlunsplit

from server.secret_files import SecretFileError, SecretText, read_secret

_SCHEMES: Final = {"server": ("https", "http"), "media": ("wss", "ws")}
"""What the address of each listener starts with: secure, and in the clear (for this machine alone)."""

SHORTEST_SECRET: Final = 32
"""The fewest characters of a secret that signs visitors' identities."""


class ConfigError(Exception):
    """The configuration cannot be used; the sentence names the setting and says what to write instead."""


class _Listener(Protocol):
    """What a rule reads of a listener."""

    @property
    def host(self) -> str: ...
    @property
    def public_url(self) -> str: ...
    @property
    def behind_proxy(self) -> bool: ...
    @property
    def tls_cert(self) -> str: ...
    @property
    def tls_key(self) -> str: ...


class _Twilio(Protocol):
    """What a rule reads of the carrier's section."""

    @property
    def account_sid(self) -> str: ...


class _Widget(Protocol):
    """What a rule reads of the widget's section."""

    @property
    def enabled(self) -> bool: ...
    @property
    def origins(self) -> tuple[str, ...]: ...
    @property
    def calls(self) -> str: ...


class _Speech(Protocol):
    """What a rule reads of the section on transcripts."""

    @property
    def engine(self) -> str: ...
    @property
    def url(self) -> str: ...
    @property
    def name(self) -> str: ...


class _Llm(Protocol):
    """What a rule reads of the language model's section."""

    @property
    def url(self) -> str: ...
    @property
    def name(self) -> str: ...


def is_loopback(host: str) -> bool:
    """Tell whether only this machine can reach `host` (a name or an address)."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def check_listener(section: str, listener: _Listener, folder: Path) -> None:
    """Refuse a listener that strangers could read along on, or that nobody could be told the address of.

    Raises:
        ConfigError: Neither TLS, nor loopback, nor behind a proxy; TLS files missing or a key readable by others; an
            address for others that is missing or not secure.
    """
    if bool(listener.tls_cert) != bool(listener.tls_key):
        raise ConfigError(f"[{section}] tls_cert and tls_key belong together: give both or neither.")
    if not (listener.tls_cert or is_loopback(listener.host) or listener.behind_proxy):
        raise ConfigError(
            f"[{section}] host = {listener.host!r} would serve calls and chats in the clear to the network. Set "
            "tls_cert and tls_key, or bind 127.0.0.1, or put a TLS proxy in front and set behind_proxy = true."
        )
    if listener.tls_cert:
        _check_tls_files(section, folder / Path(listener.tls_cert).expanduser(), folder / listener.tls_key)
    _check_public_url(section, listener)


def check_twilio(twilio: _Twilio, server: _Listener, media: _Listener, *, has_token: bool) -> None:
    """Refuse a carrier that is configured by half.

    Raises:
        ConfigError: An account without its token, a token without its account, or no address Twilio could reach.
    """
    if bool(twilio.account_sid) != has_token:
        missing = "auth_token_file (or OPERATOR_TWILIO_AUTH_TOKEN)" if twilio.account_sid else "account_sid"
        raise ConfigError(f"[twilio] {missing} is missing: without it no request of Twilio's can be believed.")
    if not twilio.account_sid:
        return
    for section, listener in (("server", server), ("media", media)):
        if not listener.public_url:
            raise ConfigError(f"[{section}] public_url is missing: Twilio signs requests with the address it calls.")


def check_llm(llm: _Llm) -> None:
    """Refuse an endpoint that would get customers' words in the clear, or of which nobody knows which model to ask.

    Raises:
        ConfigError: No https (but on this machine), or no model named.
    """
    if not llm.url:
        return
    check_model_url("[llm]", llm.url)
    if not llm.name:
        raise ConfigError("[llm] name is missing: say which of the endpoint's models is asked.")


def check_speech(speech: _Speech) -> None:
    """Refuse a transcription endpoint that would get calls in the clear, or of which nobody knows the model.

    Raises:
        ConfigError: No https (but on this machine), or no model named.
    """
    if speech.engine != "endpoint":
        return
    check_model_url("[speech]", speech.url)
    if not speech.name:
        raise ConfigError("[speech] name is missing: say which of the endpoint's models transcribes.")


def check_model_url(section: str, url: str) -> None:
    """Refuse an address of a language model that would get customers' words in the clear.

    Raises:
        ConfigError: No https (but on this machine), or something besides host and path in it.
    """
    parts = urlsplit(url)
    local = parts.scheme == "http" and is_loopback(parts.hostname or "")
    if not parts.hostname or not (parts.scheme == "https" or local) or parts.username or parts.query:
        raise ConfigError(f"{section} url = {url!r}: write https://host/v1 (http only for this machine), nothing else.")


def check_widget(widget: _Widget, media: _Listener, *, secret: SecretText | None) -> None:
    """Refuse a widget that no page could use, or whose visitors anybody could pretend to be.

    Raises:
        ConfigError: A site that is none, a short secret, or calls whose audio no page could reach.
    """
    for origin in widget.origins:
        parts = urlsplit(origin)
        local = parts.scheme == "http" and is_loopback(parts.hostname or "")
        plain = not (parts.path.strip("/") or parts.query or parts.username)
        if not (parts.hostname and plain and (parts.scheme == "https" or local)):
            raise ConfigError(
                f"[widget] origins: {origin!r} is no site. Write https://shop.example.com, without a path "
                "(http only for this machine)."
            )
    if secret is not None and len(secret.reveal()) < SHORTEST_SECRET:
        raise ConfigError(
            f"[widget] identity_secret_file: the secret is shorter than {SHORTEST_SECRET} characters. Make one with: "
            "openssl rand -base64 32"
        )
    far = any(urlsplit(origin).scheme == "https" for origin in widget.origins)
    if widget.enabled and widget.calls != "off" and far and not (media.public_url or media.tls_cert):
        raise ConfigError(
            "[media] public_url is missing: browsers let pages of https sites connect their audio to wss:// only."
        )


def check_database(from_environment: str, from_file: str, password: SecretText | None, data_dir: Path) -> SecretText:
    """Return the database's address, complete.

    Raises:
        ConfigError: Another kind of database, a password in the configuration file, or a password nobody needs.
    """
    url = from_environment.strip() or from_file.strip()
    if not url:
        url = f"sqlite:///{data_dir / 'operator.sqlite3'}"
    parts = urlsplit(url)
    if parts.scheme not in {"sqlite", "postgresql"}:
        raise ConfigError(
            f"[database] url starts with {parts.scheme!r}: write sqlite:///path or postgresql://host/name."
        )
    if not from_environment and parts.password:
        raise ConfigError(
            "[database] url holds a password. Put it into a file of its own (password_file, chmod 600), or give the "
            "whole address in OPERATOR_DATABASE_URL."
        )
    if password is None or from_environment:
        return SecretText(url)
    if parts.scheme != "postgresql" or not parts.username:
        raise ConfigError("[database] password_file needs a url with a user: postgresql://user@host/name.")
    place = f"{parts.username}:{quote(password.reveal(), safe='')}@{parts.netloc.rpartition('@')[2]}"
    return SecretText(urlunsplit(parts._replace(netloc=place)))


def _check_tls_files(section: str, certificate: Path, key: Path) -> None:
    for name, path in (("tls_cert", certificate), ("tls_key", key)):
        if not path.is_file():
            raise ConfigError(f"[{section}] {name}: there is no file {path}.")
    mode = stat.S_IMODE(key.stat().st_mode)
    if mode & 0o077:
        raise ConfigError(f"[{section}] tls_key: other users may read {key} (mode {mode:o}): chmod 600 {key}")


def _check_public_url(section: str, listener: _Listener) -> None:
    if not listener.public_url:
        if listener.behind_proxy or listener.host in {"0.0.0.0", "::"}:  # noqa: S104 - compared with, not bound
            raise ConfigError(
                f"[{section}] public_url is missing: behind a proxy, or bound to every address, nobody can be told "
                f"where to connect. Write the address others use, for example {_SCHEMES[section][0]}://desk.example.com."
            )
        return
    parts = urlsplit(listener.public_url)
    secure, clear = _SCHEMES[section]
    if parts.scheme not in {secure, clear} or not parts.hostname:
        raise ConfigError(f"[{section}] public_url = {listener.public_url!r} is not an address like {secure}://host.")
    if parts.scheme == clear and not is_loopback(parts.hostname):
        raise ConfigError(f"[{section}] public_url = {listener.public_url!r} is in the clear: write {secure}://.")
    if parts.query or parts.fragment or parts.username:
        raise ConfigError(f"[{section}] public_url takes a scheme, a host, a port and a path, nothing else.")


def secret_of(environment: Mapping[str, str], variable: str, file: str, folder: Path) -> SecretText | None:
    """Return the secret of `variable`, else of `file`; None when neither is given."""
    if variable and environment.get(variable, "").strip():
        return SecretText(environment[variable].strip())
    if not file:
        return None
    try:
        return read_secret(folder / Path(file).expanduser())
    except SecretFileError as error:
        raise ConfigError(str(error)) from error

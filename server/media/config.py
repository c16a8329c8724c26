"""Say how a media worker runs: the settings it gets on its standard input, checked before anything is opened."""

from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

import msgspec

from server.media.speech_messages import SpeechConfig

PATHS: Final = {
    "console": "/console",
    "stream": "/stream",
    "twilio": "/twilio",
    "plivo": "/plivo",
    "telnyx": "/telnyx",
    "jambonz": "/jambonz",
    "sip": "/sip",
}
"""The path of each transport on the media listener."""


class WorkerConfigError(Exception):
    """The settings cannot be used; the sentence says what to write instead."""


class WorkerConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How one media worker runs.

    Attributes:
        control_path: The Unix socket that the broker commands it through; its folder must exist.
        host: Address the media listener binds.
        port: Its port; 0 takes a free one.
        tls_cert: PEM file with the certificate chain; empty: no TLS here.
        tls_key: PEM file with the private key.
        behind_proxy: A proxy in front serves TLS and nothing else can reach the port.
        public_url: What legs are told to connect to, "wss://host[:port][/prefix]"; empty: the listener's own address.
        twilio_auth_token: Checks the signature of Twilio's upgrade; empty: the one-time token alone lets a call in.
        hello_seconds: From the first byte to a good token; a socket that takes longer is closed.
        orphan_seconds: A worker without a broker and without calls ends itself after so long.
        orphan_calls_seconds: And with calls after so long.
        most_waiting_per_address: Sockets of one address that have not shown a token; 0: no limit (behind a proxy all
            come from one).
        most_waiting: The same of all addresses together.
        hold_sound: What a caller on hold hears: "tone" or "silence".
        recordings_dir: Folder for recordings; empty: none can be made.
        least_free_mb: With less room than this on its disk nothing more is recorded.
        recording_keys: What recordings are sealed with, a line each (`server.recorded.keys`); empty: they are not.
        speech: How what is said is transcribed; None: it is not.
        log_level: Of the lines on standard error.
    """

    control_path: str
    host: str = "127.0.0.1"
    port: int = 0
    tls_cert: str = ""
    tls_key: str = ""
    behind_proxy: bool = False
    public_url: str = ""
    twilio_auth_token: str = ""
    hello_seconds: float = 5.0
    orphan_seconds: float = 60.0
    orphan_calls_seconds: float = 600.0
    most_waiting_per_address: int = 64
    most_waiting: int = 2_000
    hold_sound: str = "tone"
    recordings_dir: str = ""
    least_free_mb: int = 500
    recording_keys: str = ""
    log_level: str = "warning"
    speech: SpeechConfig | None = None

    @property
    def serves_tls(self) -> bool:
        """Whether the listener itself speaks TLS."""
        return bool(self.tls_cert)

    def url(self, transport: str, port: int) -> str:
        """Return the address that a leg of `transport` connects to; `port` is the one that was bound."""
        path = PATHS[transport]
        if transport == "sip" and not self.serves_tls:  # the engine runs on this machine, not beyond the proxy
            host = "127.0.0.1" if self.host in {"0.0.0.0", ""} else self.host  # noqa: S104 - compared, not bound
            return f"ws://{f'[{host}]' if ':' in host else host}:{port}{path}"
        if self.public_url:
            return self.public_url.rstrip("/") + path
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'wss' if self.serves_tls else 'ws'}://{host}:{port}{path}"

    def check(self) -> None:
        """Refuse settings that would be unsafe or useless.

        Raises:
            WorkerConfigError: with the setting's name and what to do.
        """
        if bool(self.tls_cert) != bool(self.tls_key):
            raise WorkerConfigError("tls_cert and tls_key belong together: set both or none.")
        if not (self.serves_tls or self.behind_proxy or is_loopback(self.host)):
            raise WorkerConfigError(
                f"The media listener would carry audio in clear text on {self.host}: set tls_cert and tls_key, "
                "or behind_proxy = true, or bind 127.0.0.1."
            )
        if self.public_url and (urlsplit(self.public_url).scheme not in {"ws", "wss"} or "?" in self.public_url):
            raise WorkerConfigError(f"public_url must be ws:// or wss:// without a query, not {self.public_url!r}.")
        if self.twilio_auth_token and not self.public_url:
            raise WorkerConfigError("twilio_auth_token needs public_url: Twilio signs the address it was told.")
        if len(self.control_path.encode()) > MOST_SOCKET_PATH_BYTES:
            raise WorkerConfigError(
                f"The path of the control socket is longer than {MOST_SOCKET_PATH_BYTES} bytes "
                f"({self.control_path}): choose a data directory with a shorter path."
            )


MOST_SOCKET_PATH_BYTES: Final = 100
"""Unix sockets end at 104 bytes on some systems; a lock file and a log stand beside it."""


def is_loopback(host: str) -> bool:
    """Tell whether only this machine can reach `host`."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False

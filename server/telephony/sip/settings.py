"""Say how one engine process runs: what it is sent on its standard input, ready to use and with its secrets."""

import hashlib
from typing import Final, Literal

import msgspec

HEADERS: Final = ("To", "From", "Diversion", "P-Asserted-Identity", "X-Source-IP", "X-RURI", "X-Handoff-Id")
"""What is read of an incoming request; the stack shows sixteen at most."""


class TrunkSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One way out: a provider, a PBX, or a proxy of our own.

    Attributes:
        name: As in the configuration.
        host: Domain or address, with a port if it is not the usual one.
        user: Ours there: the number that is shown, or the account.
        auth_user: For the digest, when it is another.
        password: Empty: the other side knows us by our address.
        proxy: Where requests go instead of to `host`; empty: to `host`.
        register: We tell its registrar where we are.
        register_seconds: So often.
        transport: "udp", "tcp" or "tls".
    """

    name: str
    host: str
    user: str
    auth_user: str = ""
    password: str = ""
    proxy: str = ""
    register: bool = False
    register_seconds: int = 300
    transport: Literal["udp", "tcp", "tls"] = "udp"


class EngineSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How one engine process runs.

    Attributes:
        control_path: The Unix socket that the broker commands it through.
        host: Address to listen on, for UDP and TCP; with a certificate TLS on the next port.
        port: Its port.
        rtp_ports: First and last port for audio.
        allow: Networks that may reach the listener; empty: any.
        audio_from_sdp_only: RTP is taken from the place that the other side's session description names, else dropped.
        trunks: The ways out; the first is dialled through.
        max_calls: At once; one more is declined as busy.
        codecs: In order of preference: "pcmu" and "pcma" (G.711).
        srtp: "off", "optional" or "required" (SDES).
        tls_cert: PEM file with our certificate and its key; empty: no TLS listener.
        tls_ca: PEM file with the authorities that others' certificates are checked by; empty: unchecked.
        silence_seconds: A call that sends no RTP for so long is over.
        signal_hold: The other side is told of a hold by a re-INVITE.
        orphan_seconds: A process without a broker and without calls ends itself after so long.
        orphan_calls_seconds: And with calls after so long.
        log_level: Of the lines on standard error.
    """

    control_path: str
    host: str
    port: int
    rtp_ports: tuple[int, int] = (20_000, 30_000)
    allow: tuple[str, ...] = ()
    audio_from_sdp_only: bool = True
    trunks: tuple[TrunkSettings, ...] = ()
    max_calls: int = 50
    codecs: tuple[str, ...] = ("pcmu", "pcma")
    srtp: Literal["off", "optional", "required"] = "off"
    tls_cert: str = ""
    tls_ca: str = ""
    silence_seconds: int = 30
    signal_hold: bool = False
    orphan_seconds: float = 20.0
    orphan_calls_seconds: float = 600.0
    log_level: str = "warning"

    @property
    def digest(self) -> str:
        """What tells these settings from others, secrets and all, and shows none of them."""
        return hashlib.sha256(msgspec.json.encode(self)).hexdigest()

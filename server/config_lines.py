"""Say how calls come and go over SIP: [sip] and its trunks."""

from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Annotated, Literal

from msgspec import Meta

from server.config_rules import ConfigError
from server.config_section import Section


class TrunkSettings(Section, frozen=True, kw_only=True):
    """One way out for calls over SIP."""

    name: Annotated[str, Meta(pattern="^[a-z0-9_-]{1,40}$", description="What it is called here.")] = "main"
    host: Annotated[
        str, Meta(description="The provider's or PBX's domain or address, with :port when it is not the usual one.")
    ] = ""
    user: Annotated[
        str,
        Meta(pattern="^[A-Za-z0-9_.+-]{0,60}$", description="Our user there, or the number that is shown: +15550142."),
    ] = ""
    auth_user: Annotated[
        str, Meta(pattern="^[A-Za-z0-9_.@+-]{0,80}$", description="User name for its password, if it is another.")
    ] = ""
    password_file: Annotated[
        str, Meta(description="File with that password (chmod 600). Empty: it knows us by our address.")
    ] = ""
    proxy: Annotated[str, Meta(description="Where requests go instead of to host, such as sbc.example.com:5060.")] = ""
    register: Annotated[bool, Meta(description="true: tell its registrar where we are, as a telephone does.")] = False
    register_seconds: Annotated[int, Meta(ge=60, le=7200, description="How often.")] = 300
    transport: Annotated[Literal["udp", "tcp", "tls"], Meta(description="How its requests travel.")] = "udp"


class SipSettings(Section, frozen=True, kw_only=True):
    """Calls over SIP, without a provider's API: from a trunk, a PBX or a proxy of your own."""

    listen: Annotated[
        str,
        Meta(
            description="Address and port for SIP over UDP and TCP, such as 192.0.2.10:5060. It is also what others "
            "are told to send to, so write the address they reach. Empty: no SIP. Needs the extra sip."
        ),
    ] = ""
    allow: Annotated[
        tuple[str, ...],
        Meta(
            description="Addresses and networks that may send to this port, such as 203.0.113.0/24; the kernel drops "
            "everybody else's packets. Must be set unless listen is a loopback address."
        ),
    ] = ()
    assistant: Annotated[
        str,
        Meta(max_length=60, description="Name of the assistant's key that answers calls. Empty: the only key."),
    ] = ""
    queue: Annotated[
        str, Meta(max_length=40, description="A person is asked for at once, in this queue. Empty: the AI answers.")
    ] = ""
    trunks: Annotated[
        tuple[TrunkSettings, ...],
        Meta(
            max_length=20,
            description="The ways out; calls are placed through the first. Each has host (domain or address), user "
            "(the number that is shown, or the account), and where needed name, auth_user, password_file, proxy, "
            "register, register_seconds and transport (udp, tcp, tls): "
            '{ host = "sip.example.com", user = "+15550142" }.',
        ),
    ] = ()
    rtp_first: Annotated[int, Meta(ge=1024, le=65_000, description="First UDP port for audio.")] = 20_000
    rtp_last: Annotated[
        int, Meta(ge=1032, le=65_535, description="Last UDP port for audio; a call takes two at least.")
    ] = 30_000
    audio_from: Annotated[
        Literal["sdp", "anywhere"],
        Meta(
            description="sdp: a call's audio is taken from the address and port its peer named, all other packets are "
            "dropped. anywhere: for peers behind a NAT; strangers who guess a port are heard."
        ),
    ] = "sdp"
    max_calls: Annotated[int, Meta(ge=1, le=1000, description="Calls at once; one more is declined as busy.")] = 50
    codecs: Annotated[
        tuple[Literal["pcmu", "pcma"], ...], Meta(min_length=1, description="What is spoken, best first.")
    ] = ("pcmu", "pcma")
    srtp: Annotated[
        Literal["off", "optional", "required"],
        Meta(description="Encrypted audio (SDES); only worth anything with TLS for the signalling."),
    ] = "off"
    tls_cert: Annotated[
        str,
        Meta(
            description="PEM file with the certificate chain and its key (chmod 600): SIP over TLS on the port after "
            "that of listen. Empty: none."
        ),
    ] = ""
    tls_ca: Annotated[
        str, Meta(description="PEM file with the authorities that trunks' certificates are checked by.")
    ] = ""
    hold: Annotated[
        Literal["tone", "signal"],
        Meta(
            description="When an operator holds a call: tone plays what [desk] hold_sound says; signal tells the other "
            "side by a re-INVITE, which then plays its own."
        ),
    ] = "tone"
    silence_seconds: Annotated[
        int, Meta(ge=0, le=3600, description="A call that sends no audio packets for so long is over; 0: never.")
    ] = 30


def check_sip(sip: SipSettings) -> None:
    """Refuse a listener that strangers could call, and trunks that nothing could dial through.

    Raises:
        ConfigError: with the setting's name and what to do.
    """
    if not sip.listen:
        if sip.trunks:
            raise ConfigError("[sip] trunks are set, and listen is not: set it to the address and port for SIP.")
        return
    _check_door(sip)
    if sip.rtp_last - sip.rtp_first < 8:
        raise ConfigError("[sip] rtp_last: leave at least eight ports from rtp_first on.")
    if sip.srtp == "required" and not sip.tls_cert and not any(one.transport == "tls" for one in sip.trunks):
        raise ConfigError("[sip] srtp = required: its keys would travel in clear text; set tls_cert.")
    for trunk in sip.trunks:
        if not trunk.host or not trunk.user:
            raise ConfigError(f"[sip] trunks: {trunk.name!r} has no {'user' if trunk.host else 'host'}.")


def _check_door(sip: SipSettings) -> None:
    host, _ = address_of(sip)
    for written in sip.allow:
        try:
            ip_network(written.strip(), strict=False)
        except ValueError as error:
            raise ConfigError(f"[sip] allow: {written!r} is no address or network, such as 203.0.113.0/24.") from error
    if not sip.allow and not ip_address(host).is_loopback:
        raise ConfigError(
            f"[sip] allow is missing: anybody could call {sip.listen}. Write your provider's addresses, "
            'or allow = ["0.0.0.0/0"] behind a firewall.'
        )


def address_of(sip: SipSettings) -> tuple[str, int]:
    """Return the address and port to listen on.

    Raises:
        ConfigError: `listen` is not an address and a port.
    """
    host, _, port = sip.listen.rpartition(":")
    host = host.strip("[]")
    try:
        ip_address(host)
        number = int(port)
    except ValueError as error:
        raise ConfigError(f"[sip] listen = {sip.listen!r}: write an address and a port, 192.0.2.10:5060.") from error
    if not 1 <= number <= 65_534:
        raise ConfigError(f"[sip] listen = {sip.listen!r}: the port must be 1 to 65534.")
    return host, number


def resolved(folder: Path, file: str) -> str:
    """Return the absolute path of a file that a section names; empty for none."""
    return str(folder / Path(file).expanduser()) if file else ""

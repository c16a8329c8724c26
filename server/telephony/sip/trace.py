"""Read in a SIP message what the stack does not tell: who sent it, whom it calls, and where its audio is.

Pure. The messages are those that baresip writes to its trace: one line `RX UDP 192.0.2.1:5060 -> 192.0.2.2:5060`, then
the message itself (RFC 3261) with its session description (RFC 4566).
"""

import re
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final

from server.wire.sanitize import clean_line

_HEAD: Final = re.compile(r"\A(RX|TX) (\w+) (\S+) -> (\S+)\n", re.ASCII)
_CALL_ID: Final = re.compile(r"^(?:call-id|i)[ \t]*:[ \t]*(\S+)", re.ASCII | re.IGNORECASE | re.MULTILINE)
_REQUEST: Final = re.compile(r"\A([A-Z]+) (\S+) SIP/2\.0", re.ASCII)
_AUDIO: Final = re.compile(r"^m=audio (\d{1,5})[ /]", re.ASCII | re.MULTILINE)
_ADDRESS: Final = re.compile(r"^c=IN IP[46] ([0-9A-Fa-f.:]+)", re.ASCII | re.MULTILINE)
_USER: Final = re.compile(r"(?:sips?|tel):(?:([^@;>?]+)@)?([^;>?]+)", re.ASCII | re.IGNORECASE)
_NAMED: Final = re.compile(r'\A\s*(?:"([^"]*)"|([^<]*?))\s*<([^>]*)>', re.ASCII)
_NUMBER: Final = re.compile(r"\A\+?[0-9*#.()-]{2,20}\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class AudioPlace:
    """Where one side of a call wants its RTP: an IP address and a UDP port; port 0 says that it wants none."""

    host: str
    port: int


@dataclass(frozen=True, slots=True)
class Traced:
    """What one message shows.

    Attributes:
        inbound: It came to us.
        sip_call_id: Its Call-ID.
        peer: The IP address of the other side.
        method: Of a request; empty for an answer.
        target: The user part of the address a request was sent to.
        audio: Its sender's place, when it describes one.
    """

    inbound: bool
    sip_call_id: str
    peer: str
    method: str = ""
    target: str = ""
    audio: AudioPlace | None = None


@dataclass(frozen=True, slots=True)
class Party:
    """Who somebody says they are: a display name, and a number or address."""

    name: str
    handle: str


def read(text: str) -> Traced | None:
    """Return what a traced message shows; None for anything that is none."""
    head = _HEAD.match(text)
    if head is None:
        return None
    message = text[head.end() :]
    call_id = _CALL_ID.search(message)
    if call_id is None:
        return None
    inbound = head[1] == "RX"
    request = _REQUEST.match(message)
    return Traced(
        inbound=inbound,
        sip_call_id=call_id[1],
        peer=_host(head[3] if inbound else head[4]),
        method=request[1] if request else "",
        target=_user(request[2]) if request else "",
        audio=_audio(message),
    )


def party(header: str) -> Party:
    """Return who a From, To or Contact header names; numbers without the host behind them."""
    named = _NAMED.match(header)
    address = named[3] if named else header
    name = (named[1] or named[2] or "") if named else ""
    found = _USER.search(address)
    if found is None:
        return Party(clean_line(name, 120), clean_line(address, 120))
    user, host = found[1] or "", found[2]
    handle = user if _NUMBER.match(user) else f"{user}@{host}" if user else host
    return Party(clean_line(name, 120), clean_line(handle, 120))


def _audio(message: str) -> AudioPlace | None:
    """Return the first audio stream of a session description; its own address wins over the session's."""
    media = _AUDIO.search(message)
    if media is None:
        return None
    next_media = message.find("\nm=", media.end())
    section = message[media.end() : next_media if next_media >= 0 else len(message)]
    address = _ADDRESS.search(section) or _ADDRESS.search(message[: media.start()])
    port = int(media[1])
    if address is None or port > 65_535:
        return None
    try:
        return AudioPlace(str(ip_address(address[1])), port)
    except ValueError:
        return None


def _host(address: str) -> str:
    """Return the IP address of `192.0.2.1:5060` or `[2001:db8::1]:5060`."""
    host = address.rpartition(":")[0].strip("[]")
    try:
        return str(ip_address(host))
    except ValueError:
        return ""


def _user(uri: str) -> str:
    found = _USER.search(uri)
    return clean_line(found[1] or "", 120) if found else ""

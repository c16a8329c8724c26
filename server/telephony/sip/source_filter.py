"""Let only some addresses reach a socket that somebody else opened, by a filter in the kernel.

Linux's socket filter (classic BPF, SO_ATTACH_FILTER, https://www.kernel.org/doc/Documentation/networking/filter.txt):
a packet of anybody else is dropped before the SIP stack sees it, without an answer. The program reads the source
address from the IP header; for UDP its own data begins at the UDP header, whose first two bytes are the source port.
"""

import contextlib
import ctypes
import os
import socket
import sys
from collections.abc import Iterable, Sequence
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from struct import pack
from typing import Final

from server.telephony.sip.trace import AudioPlace

Network = IPv4Network | IPv6Network

SUPPORTED: Final = sys.platform == "linux"
"""Elsewhere a firewall or a proxy in front has to do it."""
_SO_ATTACH_FILTER: Final = 26
_NETWORK_HEADER: Final = 0xFFF00000
"""SKF_NET_OFF: offsets from here count from the IP header."""
_LOAD_WORD, _LOAD_HALF, _LOAD_BYTE = 0x20, 0x28, 0x30
_AND, _JUMP_EQUAL, _JUMP, _RETURN = 0x54, 0x15, 0x05, 0x06
_RIGHT_SHIFT: Final = 0x74
_ALL: Final = 0xFFFFFFFF
_V4_SOURCE, _V6_SOURCE = 12, 8
_MOST: Final = 4096
"""Instructions that a program may have."""

Instruction = tuple[int, int, int, int]


class FilterError(Exception):
    """The sockets cannot be filtered; the sentence says why."""


def networks(written: Iterable[str]) -> tuple[Network, ...]:
    """Return the networks of `192.0.2.0/24` or `2001:db8::1`.

    Raises:
        ValueError: one is none.
    """
    return tuple(ip_network(one.strip(), strict=False) for one in written)


def program(allowed: Sequence[Network], port: int = 0) -> bytes:
    """Return a filter that passes packets from these networks, and with `port` only from that UDP port.

    Raises:
        FilterError: there are too many networks.
    """
    code: list[Instruction] = []
    if port:
        code += [(_LOAD_HALF, 0, 0, 0), (_JUMP_EQUAL, 1, 0, port), (_RETURN, 0, 0, 0)]
    for network in allowed:
        code += _passes(network)
    code.append((_RETURN, 0, 0, 0))
    if len(code) > _MOST:
        raise FilterError("[sip] allow names too many networks: write fewer, larger ones.")
    return b"".join(pack("HBBI", *one) for one in code)


def guard_listeners(port: int, allowed: Sequence[Network]) -> int:
    """Filter every socket of this process that is bound to `port`; return how many there were.

    Raises:
        FilterError: the kernel refused.
    """
    code = program(allowed)
    return sum(_attach(one, code) for one in _sockets({port}))


def guard_audio(local_port: int, peer: AudioPlace) -> bool:
    """Filter a call's RTP and RTCP sockets: only the peer's place, and its address for RTCP; tell whether it is done.

    Raises:
        FilterError: the kernel refused.
    """
    host = networks([peer.host])
    done = False
    for one in _sockets({local_port, local_port + 1}):
        rtp = one.getsockname()[1] == local_port
        _attach(one, program(host, peer.port if rtp else 0))
        done = done or rtp
    return done


def _passes(network: Network) -> list[Instruction]:
    """Return instructions that accept a packet from `network`, and fall through otherwise."""
    words = len(network.network_address.packed) // 4
    source = _V4_SOURCE if network.version == 4 else _V6_SOURCE
    address, mask = int(network.network_address), int(network.netmask)
    tests: list[Instruction] = []
    for word in range(words):
        shift = 32 * (words - 1 - word)
        want, bits = address >> shift & _ALL, mask >> shift & _ALL
        if bits:
            after = 0  # the distance to the end is filled in below
            tests += [
                (_LOAD_WORD, 0, 0, _NETWORK_HEADER + source + 4 * word),
                (_AND, 0, 0, bits),
                (_JUMP_EQUAL, 0, after, want),
            ]
    code: list[Instruction] = [
        (_LOAD_BYTE, 0, 0, _NETWORK_HEADER),
        (_RIGHT_SHIFT, 0, 0, 4),
        (_JUMP_EQUAL, 0, 0, network.version),
        *tests,
        (_RETURN, 0, 0, _ALL),
    ]
    last = len(code)
    return [
        (op, yes, last - at - 1 if op == _JUMP_EQUAL else no, value) for at, (op, yes, no, value) in enumerate(code)
    ]


def _sockets(ports: set[int]) -> list[socket.socket]:
    """Return own handles on the internet sockets of this process that are bound to one of these ports."""
    found: list[socket.socket] = []
    for entry in list(Path("/proc/self/fd").iterdir()):
        with contextlib.suppress(OSError):
            if not str(entry.readlink()).startswith("socket:"):
                continue
            one = socket.socket(fileno=os.dup(int(entry.name)))
            if one.family in {socket.AF_INET, socket.AF_INET6} and one.getsockname()[1] in ports:
                found.append(one)
            else:
                one.close()
    return found


def _attach(one: socket.socket, code: bytes) -> bool:
    """Filter one socket and close our handle on it."""
    memory = ctypes.create_string_buffer(code)
    try:
        one.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, pack("HP", len(code) // 8, ctypes.addressof(memory)))
    except OSError as error:
        raise FilterError(f"The kernel takes no filter: {error.strerror}.") from error
    finally:
        one.close()
    return True

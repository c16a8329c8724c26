"""Hold visitors of web pages to a pace, by visitor and by address; kept in memory, for each broker by itself."""

import ipaddress
import math
from collections import OrderedDict
from typing import Final

from server.clock import Clock
from server.core.errors import TooManyError
from server.core.limits import Bucket, Limit, take

MOST_KNOWN: Final = 20_000
"""How many pairs of a deed and somebody are remembered; the one that did nothing for longest is forgotten first."""

LIMITS: Final = {
    "request": Limit(at_once=120, a_second=10.0),
    "visit": Limit(at_once=20, a_second=0.2),
    "message": Limit(at_once=12, a_second=0.5),
    "upload": Limit(at_once=6, a_second=0.1),
    "person": Limit(at_once=3, a_second=0.05),
    "call": Limit(at_once=3, a_second=0.05),
    "score": Limit(at_once=5, a_second=0.1),
    "socket": Limit(at_once=30, a_second=0.5),
    "frame": Limit(at_once=60, a_second=5.0),
}
"""Requests, visits and sockets are counted by address, everything else by visitor."""


class Throttle:
    """Everybody's buckets."""

    def __init__(self, clock: Clock) -> None:
        """Take the time from `clock`."""
        self._clock: Final = clock
        self._buckets: Final[OrderedDict[tuple[str, str], Bucket]] = OrderedDict()

    def take(self, deed: str, who: str) -> None:
        """Let somebody do something once more.

        Raises:
            TooManyError: `too_many_requests`, with `retry_after_seconds`.
        """
        key = (deed, who)
        bucket, missing_seconds = take(self._buckets.get(key), LIMITS[deed], self._clock.monotonic())
        self._buckets[key] = bucket
        self._buckets.move_to_end(key)
        if len(self._buckets) > MOST_KNOWN:
            self._buckets.popitem(last=False)
        if missing_seconds:
            seconds = str(math.ceil(missing_seconds))
            raise TooManyError(
                "too_many_requests",
                "That is too much at once.",
                f"Try again in {seconds} s.",
                {"retry_after_seconds": seconds},
            )


def whose_address(peer: str, forwarded_for: str, *, behind_proxy: bool) -> str:
    """Return by what a page's requests are counted: its address, for IPv6 the /64 that one customer line has.

    Behind a proxy it is what the proxy added last to `X-Forwarded-For`; what stands before that, anybody may have
    written.
    """
    written = forwarded_for.rpartition(",")[2].strip() if behind_proxy else ""
    try:
        address = ipaddress.ip_address(written or peer)
    except ValueError:
        return "unknown"
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)

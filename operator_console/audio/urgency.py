"""Have the system run sound before other work, where it lets us: a busy machine then loses no blocks.

Linux only. Real time (SCHED_RR) needs root or a limit `rtprio` above zero, which a file in /etc/security/limits.d gives
to a group; else a lower nice value is tried (limit `nice`). Source: sched(7), getrlimit(2).
"""

import contextlib
import logging
import os
import sys
from enum import StrEnum
from typing import Final

REAL_TIME_PRIORITY: Final = 10
"""Above all ordinary work, and below what sound servers (20 and more) and the kernel's own threads take."""
NICE: Final = -11
"""What PulseAudio takes for itself."""
MOST_BUSY_MICROSECONDS: Final = 2_000_000
"""A real-time thread that never rests for so long ends with its process, and a new one starts: no frozen machine."""
_log = logging.getLogger(__name__)


class Urgency(StrEnum):
    """How early the system runs us."""

    REAL_TIME = "real-time"
    RAISED = "raised"
    NORMAL = "normal"


def raise_urgency() -> Urgency:
    """Run this thread, and all that it starts from now on, as early as the system lets us; return how early that is."""
    if sys.platform != "linux":
        return Urgency.NORMAL
    import resource  # noqa: PLC0415 - not on Windows

    with contextlib.suppress(OSError, ValueError):  # a lower limit is set already
        resource.setrlimit(resource.RLIMIT_RTTIME, (MOST_BUSY_MICROSECONDS, MOST_BUSY_MICROSECONDS))
    try:
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(REAL_TIME_PRIORITY))
    except OSError as error:
        _log.info("no real-time priority: %s", error)
    else:
        return Urgency.REAL_TIME
    try:
        os.setpriority(os.PRIO_PROCESS, 0, NICE)
    except OSError:
        return Urgency.NORMAL
    return Urgency.RAISED


def lower_urgency() -> None:
    """Run as ordinary work again: what a sound process starts inherits its urgency."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))

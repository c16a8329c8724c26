"""Sound is run as early as the system lets it, and never fails because it may not."""

import os
import resource

import pytest

from operator_console.audio.checks import priority_check
from operator_console.audio.messages import Ready
from operator_console.audio.urgency import MOST_BUSY_MICROSECONDS, NICE, Urgency, raise_urgency

pytestmark = pytest.mark.unit


class System:
    """What a system lets a user do, and what was done."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, real_time: bool, nice: bool) -> None:
        self.done: list[tuple[str, int]] = []
        monkeypatch.setattr(resource, "setrlimit", lambda _what, limits: self.done.append(("limit", limits[0])))
        monkeypatch.setattr(
            os, "sched_setscheduler", lambda _pid, policy, _param: self._do("policy", policy, real_time)
        )
        monkeypatch.setattr(os, "setpriority", lambda _which, _who, value: self._do("nice", value, nice))

    def _do(self, what: str, value: int, allowed: bool) -> None:
        if not allowed:
            raise PermissionError(what)
        self.done.append((what, value))


@pytest.mark.parametrize(
    ("real_time", "nice", "urgency", "last"),
    [
        (True, True, Urgency.REAL_TIME, ("policy", os.SCHED_RR)),
        (False, True, Urgency.RAISED, ("nice", NICE)),
        (False, False, Urgency.NORMAL, ("limit", MOST_BUSY_MICROSECONDS)),
    ],
)
def test_real_time_is_tried_first_then_nice_and_a_busy_loop_is_bounded_before_either(
    real_time: bool, nice: bool, urgency: Urgency, last: tuple[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    system = System(monkeypatch, real_time=real_time, nice=nice)
    assert raise_urgency() is urgency
    assert system.done[0] == ("limit", MOST_BUSY_MICROSECONDS)
    assert system.done[-1] == last


def test_the_doctor_says_what_gives_sound_its_priority() -> None:
    assert "rtprio" in priority_check(Ready(backend="file", priority="normal")).detail
    assert "rtprio" not in priority_check(Ready(backend="file", priority="real-time")).detail

"""Shape the report of a stretch of days, as `GET /v1/report` and `operator-server report --json` give it.

Shares are between 0 and 1, durations seconds; null where there was nothing to divide by.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from server.wire.view import View

FORMULAS: Final[Mapping[str, str]] = {
    "service_level": "SL: answered in time / answered",
    "service_level_2": "SL2: (answered in time + abandoned in time) / (answered + abandoned + expired)",
    "average_answer_seconds": "ASA: the mean wait of the answered, from the request to the first word with a person",
    "abandonment": "abandoned / (answered + abandoned); who left sooner than short_abandon_seconds is in neither",
    "average_handle_seconds": "AHT: the mean time from accept to close: talk, hold and wrap-up",
    "occupancy": "time with somebody in hand / time from an accept to the last close before a gap of over an hour",
    "share_handed_over": "conversations that reached a queue / those that did or that ended with the AI alone",
    "share_with_assistant": "conversations that ended with the AI alone / those that did or that reached a queue",
    "average_attempts": "the mean number of rings of a handoff, of those whose events are still kept",
    "with_context": "handoffs that came with a summary or facts / all",
}
"""How each figure is worked out."""


class QueueReport(View, frozen=True, kw_only=True):
    """One queue, or all of them (`name` is empty)."""

    name: str
    requested: int = 0
    answered: int = 0
    answered_in_time: int = 0
    abandoned: int = 0
    abandoned_in_time: int = 0
    abandoned_short: int = 0
    expired: int = 0
    service_level: float | None = None
    service_level_2: float | None = None
    average_answer_seconds: float | None = None
    abandonment: float | None = None
    average_handle_seconds: float | None = None
    median_to_human_seconds: float | None = None
    p90_to_human_seconds: float | None = None
    longest_to_human_seconds: float | None = None
    average_attempts: float | None = None
    with_context: float | None = None
    outcomes: Mapping[str, int] = {}
    triggers: Mapping[str, int] = {}


class HourReport(View, frozen=True, kw_only=True):
    """The handoffs requested in one hour from `at` on."""

    at: datetime
    requested: int = 0
    answered: int = 0
    abandoned: int = 0
    expired: int = 0
    service_level: float | None = None
    average_answer_seconds: float | None = None


class TalkReport(View, frozen=True, kw_only=True):
    """The conversations that began: handed over to a queue, ended with the AI alone, or neither yet."""

    begun: int = 0
    handed_over: int = 0
    ended_with_assistant: int = 0
    still_open: int = 0
    share_handed_over: float | None = None
    share_with_assistant: float | None = None


class HandoffReport(View, frozen=True, kw_only=True):
    """One handoff: its outcome, its rings, and what happened how many seconds after the request."""

    number: int
    queue: str
    medium: str
    outcome: str
    trigger: str
    requested_at: datetime
    seconds_to_human: float | None = None
    handle_seconds: float | None = None
    attempts: int | None = None
    timeline: tuple[tuple[str, float], ...] = ()


class ReportView(View, frozen=True, kw_only=True):
    """A report of what was requested from `since` up to `until`."""

    since: datetime
    until: datetime
    total: QueueReport
    queues: tuple[QueueReport, ...] = ()
    hours: tuple[HourReport, ...] = ()
    talks: TalkReport = TalkReport()
    occupancy: float | None = None
    handoffs: tuple[HandoffReport, ...] = ()
    formulas: Mapping[str, str] = {}

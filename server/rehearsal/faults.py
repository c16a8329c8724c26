"""Play a stretch of handoffs on a desk where everything breaks that can: `bench simulate`."""

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from server.core.policy import Expire, Hours, Notify, Opening, Overflow, Policy, PolicyStep, Tell, When
from server.core.session import Rules
from server.core.strategy import Routing, Strategy
from server.rehearsal.desk import RehearsedDesk
from server.rehearsal.people import FAULTY
from server.rehearsal.played import Played
from server.rehearsal.traffic import Shift, made_up

BEGIN: Final = datetime(2026, 10, 24, tzinfo=UTC)
"""Clocks change on the second day."""
A_DAY: Final = 2_000
"""Handoffs of one made-up day."""
_ALL_WEEK: Final = frozenset(range(7))


def faulty_rules() -> Rules:
    """Return queues with hours, overflows and each strategy that needs nobody outside."""
    open_hours = Hours(
        ZoneInfo("Europe/Berlin"),
        (Opening(_ALL_WEEK, datetime.min.time().replace(hour=7), datetime.min.time().replace(hour=22)),),
    )
    policy = Policy(
        (
            PolicyStep(5, Tell("Everybody is busy: you are {position}.")),
            PolicyStep(30, Notify(("oncall",)), When.NOBODY_ON_DUTY),
            PolicyStep(45, Expire(), When.CLOSED),
            PolicyStep(90, Overflow("second")),
        ),
        open_hours,
    )
    desk = Rules(
        wait_expires_seconds=600,
        away_after_missed=3,
        rest_missed_seconds=5,
        rest_declined_seconds=5,
        ring_again_seconds=30,
    )
    queues = {
        "default": _with(desk, policy, Strategy.LONGEST_IDLE),
        "second": _with(desk, Policy((PolicyStep(200, Expire()),)), Strategy.LEAST_BUSY),
        "third": _with(desk, Policy(), Strategy.LAST_OPERATOR),
        "fourth": _with(desk, policy, Strategy.LOWEST_HANDLE_TIME),
        "fifth": _with(desk, Policy(), Strategy.ROUND_ROBIN),
    }
    return _with(desk, Policy(), Strategy.LONGEST_IDLE, queues)


def _with(desk: Rules, policy: Policy, strategy: Strategy, queues: dict[str, Rules] | None = None) -> Rules:
    return replace(desk, policy=policy, routing=Routing(strategy), queues=queues or {})


def play_with_faults(count: int, operators: int, *, seed: int) -> Played:
    """Return what came of so many made-up handoffs; the same seed gives the same."""
    chance = random.Random(seed)  # noqa: S311 - made-up days, the same each time
    rules = faulty_rules()
    days = max(count / A_DAY, 1 / 24)
    calls = made_up(BEGIN, count, chance, sorted(rules.queues), days)
    shifts = [
        Shift(name=f"operator {n}", begin=begin, end=begin + timedelta(hours=chance.uniform(1, 9)))
        for n in range(operators)
        for day in range(int(days) + 1)
        for begin in (BEGIN + timedelta(days=day, hours=chance.uniform(0, 20)),)
    ]
    return RehearsedDesk(rules, FAULTY, seed=seed).run(calls, shifts)

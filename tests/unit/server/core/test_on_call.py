"""Who is on call: rotations, shifts and overrides by the clock on the wall, also when it is put forward or back."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.core.on_call import Level, Override, Rotation, Shift, Shifts, instant

pytestmark = pytest.mark.unit

BERLIN = ZoneInfo("Europe/Berlin")


def wall(text: str) -> datetime:
    return datetime.fromisoformat(text)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


WEEKLY = Rotation(("Ann", "Ben", "Cat"), wall("2026-01-05 09:00"), 7)
NIGHTLY = Rotation(("Ann", "Ben"), wall("2026-10-24 02:30"), 1)


@pytest.mark.parametrize(
    ("when", "who"),
    [
        ("2026-01-05T07:59", "Cat"),  # 08:59 in Berlin: the one before the first
        ("2026-01-05T08:00", "Ann"),
        ("2026-01-12T07:59", "Ann"),
        ("2026-01-12T08:00", "Ben"),
        ("2026-03-30T06:59", "Cat"),  # the Monday after the clocks went forward: 08:59 there
        ("2026-03-30T07:00", "Ann"),
        ("2026-10-26T07:59", "Cat"),  # and after they went back
        ("2026-10-26T08:00", "Ann"),
    ],
)
def test_a_rotation_hands_over_at_its_hour_on_the_wall_the_whole_year(when: str, who: str) -> None:
    assert WEEKLY.turn(at(when), BERLIN).people == (who,)


def test_a_handover_in_the_hour_that_comes_twice_happens_once() -> None:
    # 2026-10-25: 02:30 comes at 00:30 UTC and again at 01:30 UTC
    seen = [NIGHTLY.turn(at("2026-10-25T00:00") + timedelta(minutes=15 * n), BERLIN).people[0] for n in range(12)]
    assert seen == ["Ann"] * 2 + ["Ben"] * 10


def test_a_handover_in_the_hour_that_is_left_out_happens_too() -> None:
    rotation = Rotation(("Ann", "Ben"), wall("2026-03-28 02:30"), 1)
    seen = [rotation.turn(at("2026-03-29T00:00") + timedelta(minutes=15 * n), BERLIN).people[0] for n in range(12)]
    assert seen == ["Ann"] * 6 + ["Ben"] * 6


DAY, NIGHT = (timedelta(hours=9), timedelta(hours=12)), (timedelta(hours=21), timedelta(hours=12))
SHIFTS = Shifts(
    tuple(
        sorted(
            (
                *(Shift(timedelta(days=day) + DAY[0], DAY[1], ("Ann",)) for day in range(7)),
                *(Shift(timedelta(days=day) + NIGHT[0], NIGHT[1], ("Ben", "Cat")) for day in range(7)),
            ),
            key=lambda shift: shift.begin,
        )
    )
)


@pytest.mark.parametrize(
    ("when", "who", "until"),
    [
        ("2026-11-23T08:00", ("Ann",), "2026-11-23T20:00"),
        ("2026-11-23T20:00", ("Ben", "Cat"), "2026-11-24T08:00"),
        ("2026-11-23T07:59", ("Ben", "Cat"), "2026-11-23T08:00"),  # Monday morning still belongs to Sunday night
        ("2026-03-29T00:30", ("Ben", "Cat"), "2026-03-29T07:00"),  # the short night
        ("2026-10-25T06:00", ("Ben", "Cat"), "2026-10-25T08:00"),  # the long one
    ],
)
def test_shifts_follow_each_other_over_midnight_the_week_and_changes_of_the_clock(
    when: str, who: tuple[str, ...], until: str
) -> None:
    turn = SHIFTS.turn(at(when), BERLIN)
    assert (turn.people, turn.end) == (who, at(until))


def test_an_override_goes_before_the_plan_and_ends_the_turn_before() -> None:
    level = Level(
        after_seconds=0, turns=WEEKLY, overrides=(Override(("Dan",), at("2026-01-06T10:00"), at("2026-01-07T10:00")),)
    )
    assert level.turn(at("2026-01-06T09:59"), BERLIN).end == at("2026-01-06T10:00")
    assert level.turn(at("2026-01-06T10:00"), BERLIN).people == ("Dan",)
    after = level.turn(at("2026-01-07T10:00"), BERLIN)
    assert (after.people, after.begin, after.end) == (("Ann",), at("2026-01-07T10:00"), at("2026-01-12T08:00"))


@given(
    st.sampled_from([WEEKLY, NIGHTLY, SHIFTS]),
    st.datetimes(wall("2025-01-01"), wall("2028-01-01")),
    st.sampled_from(["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "UTC", "Asia/Kathmandu"]),
)
def test_every_instant_has_one_turn_that_contains_it_and_turns_follow_without_a_gap(
    turns: Rotation | Shifts, shown: datetime, zone_name: str
) -> None:
    zone = ZoneInfo(zone_name)
    now = instant(shown, zone)
    turn = turns.turn(now, zone)
    assert turn.begin is not None
    assert turn.end is not None
    assert turn.begin <= now < turn.end
    following = turns.turn(turn.end, zone)
    assert following.begin == turn.end
    assert turns.turn(turn.end - timedelta(microseconds=1), zone) == turn

"""The order of the list, its filters, and the rows that want eyes."""

import random

import pytest
from msgspec.structs import replace

from operator_console.model.inputs import Filtered, Sorted, Tick
from operator_console.model.listing import Sort, eye_word, next_sort, values
from operator_console.model.select import past_promise, visible_order, waiting_count
from operator_console.model.state import DeskModel
from operator_console.model.update import update
from server.wire.events import SessionClosed, SessionQueued, SessionUpdated
from server.wire.frames import Batch
from server.wire.terms import Medium, MoodLabel, SessionState
from server.wire.views import Context, Customer, Mood, SessionView
from tests.fakes.console_data import ME, MIA, NOW, ago, session, snapshot

pytestmark = pytest.mark.unit


def one(
    number: int, mood: MoodLabel, channel: str, topic: str, *, waited: float, left: float, **more: object
) -> SessionView:
    return session(
        number,
        context=Context(mood=Mood(label=mood), topic=topic),
        customer=Customer(name=f"Nr {number}", channel=channel),
        queued_at=ago(waited),
        promise_at=ago(-left),
        **more,
    )


ROWS = (
    one(1, MoodLabel.NEUTRAL, "widget", "refund", waited=100, left=-5),
    one(2, MoodLabel.ANGRY, "twilio", "", waited=50, left=60),
    one(3, MoodLabel.HAPPY, "telegram", "billing dispute", waited=200, left=90, queue="billing"),
    one(4, MoodLabel.UNKNOWN, "twilio", "address", waited=10, left=30),
    one(5, MoodLabel.ANGRY, "widget", "refund", waited=5, left=99, state=SessionState.ACTIVE, operator_id=ME),
    one(6, MoodLabel.ANGRY, "widget", "refund", waited=5, left=99, state=SessionState.ACTIVE, operator_id=MIA),
    one(7, MoodLabel.NEUTRAL, "twilio", "vip", waited=1, left=80, state=SessionState.OFFERED, offered_to=ME),
)


def desk(*inputs: object, rows: tuple[SessionView, ...] = ROWS) -> DeskModel:
    model = update(update(DeskModel(), Tick(NOW)), snapshot(*rows))
    for event in inputs:
        model = update(model, event)  # type: ignore[arg-type]
    return model


def shown(model: DeskModel) -> list[int]:
    return [int(model.sessions[id_].number[2:]) for id_ in visible_order(model)]


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        (Sort.PROMISE, [7, 5, 1, 4, 2, 3, 6]),
        (Sort.WAIT, [5, 7, 3, 1, 2, 4, 6]),
        (Sort.MOOD, [5, 7, 2, 1, 3, 4, 6]),
        (Sort.CHANNEL, [7, 5, 3, 4, 2, 1, 6]),
        (Sort.TOPIC, [5, 7, 4, 3, 1, 2, 6]),
    ],
)
def test_mine_come_first_and_the_rest_stands_in_the_chosen_order(sort: Sort, order: list[int]) -> None:
    model = desk(Sorted(sort))
    assert shown(model) == order
    assert waiting_count(model) == waiting_count(desk()), "counts do not depend on the order"
    assert past_promise(model) == past_promise(desk())


@pytest.mark.parametrize("sort", list(Sort))
def test_the_order_kept_by_events_is_the_one_a_new_snapshot_gives(sort: Sort) -> None:
    chance = random.Random(7)
    model, rows = desk(Sorted(sort)), {row.number: row for row in ROWS}
    for seq in range(11, 111):
        number = chance.randint(1, 12)
        known = rows.get(f"H-{number:04}")
        version = known.version + 1 if known else 1
        moods, channels = list(MoodLabel), ("widget", "twilio", "")
        row = one(
            number, chance.choice(moods), chance.choice(channels), chance.choice(("", "a", "b")),
            waited=chance.randint(0, 99), left=chance.randint(-50, 50), version=version,
        )  # fmt: skip
        kind = chance.choice((SessionQueued, SessionUpdated, SessionClosed))
        if kind is SessionClosed:
            row = one(number, MoodLabel.ANGRY, "", "", waited=1, left=1, version=version, state=SessionState.CLOSED)
            rows.pop(row.number, None)
        else:
            rows[row.number] = row
        model = update(model, Batch(first=seq, last=seq, now=NOW, events=(kind(seq=seq, at=NOW, session=row),)))
    assert shown(model) == shown(desk(Sorted(sort), rows=tuple(rows.values())))
    assert shown(update(model, Sorted(Sort.PROMISE))) == shown(desk(rows=tuple(rows.values())))


@pytest.mark.parametrize(
    ("written", "order"),
    [
        ("mood:angry", [5, 2, 6]),
        ("channel:tw", [7, 4, 2]),
        ("queue:billing", [3]),
        ("topic:billing-d", [3]),
        ("is:mine", [7, 5]),
        ("is:offered", [7]),
        ("is:late", [1]),
        ("mood:angry refund is:mine", [5]),
        ("is:nobody", []),
        ("a:b", []),
        ("twilio VIP", [7]),
    ],
)
def test_a_filter_is_words_and_fields_that_all_must_hold(written: str, order: list[int]) -> None:
    assert shown(desk(Filtered(written))) == order


def test_a_filter_works_in_every_order() -> None:
    assert shown(desk(Sorted(Sort.TOPIC), Filtered("mood:angry"))) == [5, 2, 6]


def test_the_values_to_filter_by_are_counted_and_the_fullest_come_first() -> None:
    found = dict(values(ROWS, 2))
    assert found["channel:twilio"] == 3
    assert found["mood:angry"] == 3
    assert found["topic:refund"] == 3
    assert "mood:unknown" not in found
    assert sum(name.startswith("channel:") for name in found) == 2


def test_the_key_goes_round_all_orders() -> None:
    sort, seen = Sort.PROMISE, []
    for _ in Sort:
        seen.append(sort)
        sort = next_sort(sort)
    assert (sort, set(seen)) == (Sort.PROMISE, set(Sort))


def test_a_row_wants_eyes_when_new_at_risk_or_just_late() -> None:
    def word(waited: float, left: float, **more: object) -> str:
        return eye_word(one(1, MoodLabel.HAPPY, "", "", waited=waited, left=left, **more), NOW)

    assert word(3, 57) == "NEW"
    assert word(30, 30) == ""
    assert word(46, 14) == "AT RISK"
    assert word(70, -10) == "LATE"
    assert word(99, -39) == "", "the ! beside the wait stays, nothing flashes for ever"
    assert word(3, 57, state=SessionState.ACTIVE, operator_id=ME, medium=Medium.CHAT) == ""


def test_the_chosen_order_outlives_a_snapshot() -> None:
    model = replace(desk(Sorted(Sort.MOOD)), seq=3)
    assert shown(update(model, snapshot(*ROWS))) == [5, 7, 2, 1, 3, 4, 6]

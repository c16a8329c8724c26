"""What is counted of handoffs, notices and channels, as Prometheus' own parser reads it."""

from dataclasses import replace
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from server.broker.ports.notices import Destination, Notice
from server.channels.memory import LIMITS
from server.core.errors import ConflictError, ProviderError
from server.core.policy import Notify, Policy, PolicyStep
from server.metrics.counting import Counting
from server.metrics.page import MetricsPage
from server.wire import commands as c
from server.wire.terms import Outcome
from tests.channel_world import ACCOUNT, ChannelWorld
from tests.world import ORGANISATION, RULES, World

pytestmark = pytest.mark.scenario

SALES = replace(RULES, queues={"sales": RULES})


class Counted:
    """A registry, and what it says."""

    def __init__(self, destinations: tuple[str, ...] = (), accounts: dict[str, str] | None = None) -> None:
        self.registry = CollectorRegistry()
        self.measures = Counting(self.registry, SALES, destinations=destinations, accounts=accounts or {})

    def samples(self, text: str = "") -> dict[tuple[str, ...], float]:
        page = text or generate_latest(self.registry).decode()
        found = {}
        for family in text_string_to_metric_families(page):
            for one in family.samples:
                found[one.name, *(value for label, value in sorted(one.labels.items()) if label != "organisation")] = (
                    one.value
                )
        return found

    def of(self, name: str) -> dict[tuple[str, ...], float]:
        return {labels[1:]: value for labels, value in self.samples().items() if labels[0] == name}


async def test_rings_answers_and_ends_are_counted_once_by_queue() -> None:
    counted = Counted()
    async with World(rules=replace(SALES, away_after_missed=0), measures=counted.measures) as desk:
        ann = await desk.operator("ann")
        await desk.later(1)
        ben = await desk.operator("ben")
        call = await desk.caller()
        await call.asks_for_a_person(queue="sales")
        await desk.later(15)
        await ben.does(c.Decline, call)
        with pytest.raises(ConflictError):
            await desk.database.run(lambda unit: fail_after_a_ring(desk, unit, call_id=call.id))
        await ann.takes(call)
        await ann.does(c.Resolve, call, disposition="done", note="")
        left = await desk.chat("Left")
        await left.asks_for_a_person(queue="made-up-by-the-assistant")
        await desk.later(7)
        await left.leaves()
        assert counted.of("desk_offers_total") == {
            ("sales", "made"): 2,
            ("sales", "missed"): 1,
            ("sales", "declined"): 1,
            ("other", "made"): 1,
        }
        assert counted.of("desk_picked_total") == {("sales",): 1}, "nobody rang any more when Ann took it"
        assert counted.of("desk_handoffs_requested_total") == {
            ("takeover", "voice", "sales"): 1,
            ("takeover", "chat", "other"): 1,
        }
        assert counted.of("desk_handoffs_ended_total") == {
            ("voice", Outcome.RESOLVED, "sales"): 1,
            ("chat", Outcome.ABANDONED, "other"): 1,
        }
        assert counted.of("desk_time_to_human_seconds_count") == {("voice", "sales"): 1}
        assert counted.of("desk_time_to_human_seconds_sum") == {("voice", "sales"): 15}
        assert counted.of("desk_service_level_total") == {
            ("sales", "answered_in_time"): 1,
            ("other", "abandoned_in_time"): 1,
        }


def fail_after_a_ring(desk: World, unit: Any, call_id: str) -> None:
    """Ring, in a transaction that does not come about."""
    session = unit.sessions.newest_of(ORGANISATION, call_id)
    unit.after_commit(lambda: desk.broker.parts.measures.requested(session))
    raise ConflictError("already_taken", "No.")


class Place(Destination):
    def __init__(self) -> None:
        self.refuses = 0

    async def send(self, notice: Notice) -> str:
        if self.refuses:
            self.refuses -= 1
            raise ProviderError("notice_failed", "Not now.")
        return ""


async def test_notices_are_counted_by_what_became_of_each_attempt() -> None:
    counted = Counted(destinations=("ops", "sms:+4917612345678"))
    policy = Policy((PolicyStep(5, Notify(("ops",))), PolicyStep(5, Notify(("sms:+4917612345678",)))))
    place = Place()
    place.refuses = 1
    rules = replace(RULES, queues={"default": replace(RULES, policy=policy)})
    places = {"ops": place, "sms:+4917612345678": Place()}
    async with World(rules=rules, ring=False, destinations=places, measures=counted.measures) as desk:
        await (await desk.chat()).asks_for_a_person()
        await desk.later(7)
        assert counted.of("desk_notices_total")["ops", "retried"] == 1
        await desk.later(30)
        assert counted.of("desk_notices_total") == {
            ("ops", "retried"): 1,
            ("ops", "accepted"): 1,
            ("sms", "accepted"): 1,
        }, "a person's number is no label"


async def test_what_platforms_bring_and_get_is_counted_by_account() -> None:
    counted = Counted(accounts={ACCOUNT: ORGANISATION})
    async with ChannelWorld(limits=LIMITS, measures=counted.measures) as desk:
        ann = await desk.operator("ann")
        ada = desk.customer("ada")
        await ada.writes("Hello")
        chat = await ada.here()
        await chat.asks_for_a_person()
        await ann.accept(chat)
        await ann.does(c.Say, chat, text="Good day")
        await desk.settle()
        assert counted.of("desk_channel_events_total") == {(ACCOUNT, "message"): 1}
        assert counted.of("desk_channel_parts_total")[ACCOUNT, "sent"] >= 1


async def test_the_page_says_how_everything_stands_and_none_of_what_customers_said() -> None:
    counted = Counted()
    async with World(rules=SALES, measures=counted.measures) as desk:
        page = MetricsPage(desk.broker.parts, counted.registry, counted.measures, tuple)
        await desk.operator("ann", duty=False)
        call = await desk.caller("Canary Customer", customer_handle="+491761111111")
        await call.says("canary words")
        await call.asks_for_a_person("canary reason", queue="sales")
        await (await desk.chat("Canary Chat")).asks_for_a_person(queue="canary-queue")
        await desk.later(42)
        text, kind = await page.write("")
        found = counted.samples(text.decode())
        assert kind.startswith("text/plain")
        assert found["desk_waiting", "sales"] == 1
        assert found["desk_waiting", "other"] == 1
        assert found["desk_longest_wait_seconds", "sales"] == 42
        assert found["desk_longest_wait_seconds", "default"] == 0
        assert found["desk_operators", "offline"] == 1
        assert found["desk_sessions_open", "voice", "queued"] == 1
        assert found["desk_legs_live", "caller", "stream"] == 1
        assert found["desk_calls_live",] == 1
        assert b"anary" not in text
        assert b"17611" not in text
        assert b"op_ann" not in text
        desk.media.reachable = False
        down, _ = await page.write("")
        assert counted.samples(down.decode())["desk_media_worker_up",] == 0
        assert b"desk_calls_live" not in down

"""How soon notices are accepted, in virtual time: with slow providers, and with the first two down."""

import random
from dataclasses import replace
from datetime import datetime

import pytest

from server.broker.ports.notices import Destination, Notice
from server.core.errors import ProviderError
from server.core.policy import Notify, Policy, PolicyStep
from tests.world import RULES, World

pytestmark = pytest.mark.scenario

SESSIONS = 60


class Provider(Destination):
    """Takes a while for each notice; `down`: hangs, or answers an error, by turns."""

    def __init__(self, desk: World, *, down: bool = False) -> None:
        self.desk, self.down = desk, down
        self.random = random.Random(7)
        self.accepted: dict[str, float] = {}
        self.tries = 0

    async def send(self, notice: Notice) -> str:
        self.tries += 1
        if self.down and self.tries % 2:
            await self.desk.clock.sleep(1000)
        await self.desk.clock.sleep(self.random.uniform(0.2, 3.0))
        if self.down:
            raise ProviderError("notice_failed", "It answered 503.")
        ordered: datetime = notice.at
        self.accepted[notice.session.id] = (self.desk.clock.now() - ordered).total_seconds()
        return ""


async def measure(*, down: bool) -> list[float]:
    policy = Policy((PolicyStep(5, Notify(("first",))),))
    rules = replace(RULES, queues={"default": replace(RULES, policy=policy, wait_expires_seconds=600.0)})
    places: dict[str, Destination] = {}
    fallbacks = {"first": "second", "second": "third"}
    async with World(rules=rules, ring=False, destinations=places, fallbacks=fallbacks) as desk:
        first, second, third = Provider(desk, down=down), Provider(desk, down=down), Provider(desk)
        places.update(first=first, second=second, third=third)
        for number in range(SESSIONS):
            await (await desk.chat(f"Customer {number}")).asks_for_a_person()
        await desk.later(90)
        accepted = (third if down else first).accepted
        assert len(accepted) == SESSIONS, "every one was accepted"
        return sorted(accepted.values())


async def test_the_first_notice_is_accepted_within_ten_seconds_and_within_sixty_with_two_providers_down() -> None:
    fine = await measure(down=False)
    print(f"{SESSIONS} at once, providers fine: p50 {fine[SESSIONS // 2]:.1f} s, longest {fine[-1]:.1f} s")
    assert fine[-1] <= 10
    down = await measure(down=True)
    print(f"{SESSIONS} at once, first two down: p50 {down[SESSIONS // 2]:.1f} s, longest {down[-1]:.1f} s")
    assert down[-1] <= 60

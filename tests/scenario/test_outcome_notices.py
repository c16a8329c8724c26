"""The owner learns how each handoff ended: one notice each, on days that nobody planned, for every outcome there is."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from server.broker.ports.notices import Destination, Notice
from server.core.errors import ProviderError
from server.core.policy import Notify, Policy, PolicyStep
from server.notices.content import body, headline
from server.wire.terms import Outcome, SessionState
from tests.integration.server.notices.test_webhook import notice
from tests.scenario.test_random_days import Day
from tests.world import ORGANISATION, RULES, World

pytestmark = pytest.mark.scenario


class Owner(Destination):
    """Takes notices; refuses every third attempt."""

    def __init__(self) -> None:
        self.taken: list[Notice] = []
        self.tries = 0

    async def send(self, notice: Notice) -> str:
        self.tries += 1
        if self.tries % 3 == 0:
            raise ProviderError("notice_failed", "It answered 503.")
        self.taken.append(notice)
        return f"message {self.tries}"


@pytest.mark.parametrize("seed", [2, 5])
async def test_each_handoff_of_a_random_day_is_told_once_with_its_outcome(seed: int, tmp_path: Path) -> None:
    owner = Owner()
    policy = Policy((PolicyStep(1, Notify(("owner",), 20.0)),))
    rules = replace(RULES, policy=policy, outcome_to=("owner",))
    async with World(f"sqlite:///{tmp_path / 'desk.db'}", rules=rules, destinations={"owner": owner}) as desk:
        day = Day(desk, seed)
        await day.begin()
        for _ in range(110):
            await day.step()
        await day.end()
        await desk.later(600)
        page = await desk.database.read(lambda unit: unit.views.history(ORGANISATION, "", 500))
        told = [one for one in owner.taken if one.kind == "handoff.closed"]
        by_id = {one.id: one for one in told}
        assert Counter(one.session.id for one in by_id.values()) == Counter(view.id for view in page.sessions)
        outcomes = {view.id: view.outcome for view in page.sessions}
        assert {one.session.id: one.session.outcome for one in told} == outcomes
        assert len(set(outcomes.values())) >= 2, "a day with several outcomes"
        assert await desk.jobs("notice") == 0


@pytest.mark.parametrize("outcome", Outcome)
def test_every_outcome_is_said_in_the_first_line_with_who_result_and_next_step(outcome: Outcome) -> None:
    one = notice("Ann", state=SessionState.CLOSED, outcome=outcome, note="noted")
    assert headline(one).startswith(f"H-0042 {outcome}: Ann")
    text = body(one)
    assert "Note:       noted" in text
    assert "Next step:  none" in text
    assert "Reason:     wants a refund" in text

"""The history beside the desk: what supervisors did, for supervisors; and a key that can't act says why, there too."""

import pytest

from operator_console.tui.app import DeskApp
from operator_console.tui.lines import plain
from operator_console.tui.screens.history import HistoryScreen
from operator_console.tui.widgets.status import Notice
from server.wire.audit import AuditView
from server.wire.errors import ErrorBody
from server.wire.frames import Reply
from server.wire.terms import AuditAction, OperatorId, Outcome, Role, SessionId, SessionState
from server.wire.views import Page
from tests.fakes.console_data import ME, ago, operator, session, snapshot
from tests.fakes.desk import FakeDesk
from tests.fakes.desk_app import build, opened, settled

pytestmark = pytest.mark.unit

SUE = OperatorId("op-sue")


def step(n: int, action: AuditAction, reason: str = "") -> AuditView:
    return AuditView(
        id=f"a{n}", at=ago(3900 - n), action=action, actor_id=SUE, actor_name="Sue Elm",
        session_id=SessionId("s30"), number="H-0030", subject_id=ME, subject_name="Sam", reason=reason,
    )  # fmt: skip


def with_history(desk: FakeDesk) -> None:
    ended = {"state": SessionState.CLOSED, "operator_id": ME, "active_at": ago(4000), "ended_at": ago(3700)}
    desk.pages[""] = Page(sessions=(session(30, **ended, closed_at=ago(3690), outcome=Outcome.RESOLVED, note="Paid."),))


def shown(app: DeskApp) -> list[str]:
    screen = app.screen
    assert isinstance(screen, HistoryScreen)
    return [plain(screen.turns.line_at(y)[0]) for y in range(screen.turns.line_count())]


@pytest.mark.parametrize("role", [Role.SUPERVISOR, Role.OPERATOR])
async def test_what_supervisors_did_stands_over_the_conversation_for_supervisors_alone(role: Role) -> None:
    app, desk, _ = build()
    with_history(desk)
    desk.audits[SessionId("s30")] = (step(1, AuditAction.LISTEN), step(2, AuditAction.TAKE_OVER, "a \x1b[31mcomplaint"))
    async with app.run_test(size=(100, 30)) as pilot:
        await opened(pilot, desk, snapshot(operators=(operator(role=role),)))
        await pilot.press("H")
        await settled(pilot)
        lines = shown(app)
        assert lines[0] == "Note   Paid."
        steps = [line for line in lines if "Elm" in line]
        if role is Role.OPERATOR:
            assert steps == []
            return
        assert steps[0].startswith("Steps  03 Mar ")
        assert steps[0].endswith("Sue Elm listened (Sam)")
        assert steps[1].endswith("Sue Elm took over (Sam): a \ufffd[31mcomplaint")


async def test_steps_that_cannot_be_read_are_not_taken_for_none() -> None:
    app, desk, _ = build()
    with_history(desk)
    async with app.run_test(size=(100, 30)) as pilot:
        await opened(pilot, desk, snapshot(operators=(operator(role=Role.SUPERVISOR),)))
        await pilot.press("H")
        await settled(pilot)
        assert "Steps  not read: The broker is not reachable." in shown(app)


async def test_a_refusal_is_told_on_the_page_where_the_key_was_pressed() -> None:
    refusal = ErrorBody("no_carrier", "No carrier that can dial is configured.", "")
    app, desk, _ = build(answer=lambda command: Reply(id=command.id, ok=False, error=refusal))
    with_history(desk)
    async with app.run_test(size=(100, 30)) as pilot:
        await opened(pilot, desk, snapshot())
        await pilot.press("H", "R")
        await settled(pilot)
        assert refusal.message in plain(app.screen.query_one(Notice).lines[0])

"""The scripted assistant obeys ownership: it stops for an operator and never insists."""

import httpx
import msgspec
import pytest

from server.clock import ManualClock
from server.demo.assistant import FINISHED, ScriptedAssistant
from server.demo.case import Case
from server.demo.content import load_content
from server.demo.stage import Casting
from server.wire.errors import ErrorBody
from server.wire.terms import Author, Outcome, Owner, SessionState
from tests.unit.server.demo.desks import Answer, ScriptedDesk, json
from tests.unit.server.demo.test_case import ACTIVE, CONVERSATION, OPERATOR_OWNS, message, returned, session

pytestmark = pytest.mark.unit

SCRIPT = next(script for script in load_content().scripts if script.id == "missing_refund")
CASTING = Casting(script=SCRIPT, handle="web-001", external_id="demo-1")


def assistant_of(answer: Answer, case: Case | None = None) -> tuple[ScriptedDesk, ScriptedAssistant]:
    desk = ScriptedDesk(answer)
    return desk, ScriptedAssistant(desk.stage(), CASTING, case or Case(CONVERSATION, ManualClock()))


def refused(code: str) -> httpx.Response:
    return json(ErrorBody(code, "No."), 409)


async def test_what_it_says_carries_the_ownership_it_believes_in() -> None:
    desk, assistant = assistant_of(lambda _: json(message(Author.ASSISTANT, "hi")))
    assert await assistant.say("hi")
    (body,) = desk.bodies()
    assert (body["author"], body["epoch"]) == ("assistant", 0)


async def test_it_is_silent_while_an_operator_owns_the_conversation() -> None:
    case = Case(CONVERSATION, ManualClock())
    for event in (ACTIVE, OPERATOR_OWNS):
        case.apply(event)
    desk, assistant = assistant_of(lambda _: refused("operator_owns"), case)
    assert not await assistant.say("let me help")
    assert desk.asked == []


async def test_words_that_come_too_late_are_not_repeated_to_an_operator() -> None:
    mine = msgspec.structs.replace(CONVERSATION, owner=Owner.OPERATOR, owner_epoch=2)
    desk, assistant = assistant_of(lambda request: json(mine) if request.method == "GET" else refused("operator_owns"))
    assert not await assistant.say("one more thing")
    assert [request.method for request in desk.asked] == ["POST", "GET"]


async def test_a_stale_ownership_is_read_again_and_then_used() -> None:
    mine = msgspec.structs.replace(CONVERSATION, owner_epoch=4)

    def answer(request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            return json(mine)
        epoch = msgspec.json.decode(request.content)["epoch"]
        return json(message(Author.ASSISTANT, "hi")) if epoch == 4 else refused("stale_ownership")

    desk, assistant = assistant_of(answer)
    assert await assistant.say("hi")
    posts = [body for request, body in zip(desk.asked, _bodies(desk), strict=True) if request.method == "POST"]
    assert [body["epoch"] for body in posts] == [0, 4]
    assert posts[0]["key"] == posts[1]["key"]


def _bodies(desk: ScriptedDesk) -> list[dict[str, object]]:
    return [msgspec.json.decode(request.content or b"{}") for request in desk.asked]


async def test_the_customer_is_written_down_whoever_owns_the_conversation() -> None:
    case = Case(CONVERSATION, ManualClock())
    case.apply(OPERATOR_OWNS)
    desk, assistant = assistant_of(lambda _: json(message(Author.CUSTOMER, "hello")), case)
    await assistant.hear("hello")
    (body,) = desk.bodies()
    assert body["author"] == "customer"
    assert "epoch" not in body or body["epoch"] is None


async def test_two_turns_never_share_a_key() -> None:
    desk, assistant = assistant_of(lambda _: json(message(Author.CUSTOMER, "x")))
    await assistant.hear("same words")
    await assistant.hear("same words")
    first, second = desk.bodies()
    assert first["key"] != second["key"]


@pytest.mark.parametrize("outcome", [Outcome.RETURNED, Outcome.RESOLVED])
def test_on_the_return_it_says_what_was_agreed(outcome: Outcome) -> None:
    case = Case(CONVERSATION, ManualClock())
    event = returned(4, outcome)
    case.apply(
        msgspec.structs.replace(event, session=session(SessionState.WRAP_UP, outcome=outcome, note="38.20 back"))
    )
    _, assistant = assistant_of(refused, case)  # type: ignore[arg-type]  # never asked
    assert "38.20 back." in assistant.return_line().text


def test_when_nobody_came_it_says_so_instead_of_inventing_an_agreement() -> None:
    case = Case(CONVERSATION, ManualClock())
    case.apply(returned(4, Outcome.EXPIRED))
    _, assistant = assistant_of(refused, case)  # type: ignore[arg-type]  # never asked
    assert assistant.return_line() == load_content().shared.nobody[0]


async def test_only_a_finished_conversation_counts_as_taken_up_again() -> None:
    for reason, counted in ((FINISHED, 1), ("line dropped", 0)):
        case = Case(CONVERSATION, ManualClock())
        case.apply(returned(4))
        desk = ScriptedDesk(lambda _: json(CONVERSATION))
        stage = desk.stage()
        await ScriptedAssistant(stage, CASTING, case).part(reason)
        assert len(stage.findings.returns) == counted

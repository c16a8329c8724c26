"""Notices in Teams: by the published schema of Adaptive Cards, within Teams' size, nothing said is markup."""

import json
from typing import Any

import httpx
import jsonschema
import pytest

from server.broker.ports.notices import Notice
from server.core.errors import ProviderError
from server.notices.teams import MOST_BYTES, Teams, message
from server.secret_files import SecretText
from server.wire.terms import Outcome, SessionState
from server.wire.views import Context
from tests import needs
from tests.integration.server.notices.test_slack import NASTY, rich, turn
from tests.integration.server.notices.vendor_fakes import FakeVendor

pytestmark = pytest.mark.integration


def card(one: Notice) -> dict[str, Any]:
    sent = json.loads(message(one))
    assert sent["type"] == "message"
    (attachment,) = sent["attachments"]
    assert attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
    found: dict[str, Any] = attachment["content"]
    return found


def check(one: dict[str, Any]) -> None:
    folder = needs.data_folder()
    assert folder is not None
    schema = json.loads((folder / "specs/teams/adaptive-card-1.5.0.json").read_text())
    jsonschema.Draft6Validator(schema).validate(one)


@needs.data
@pytest.mark.parametrize("how", ["waits", "closed", "huge"])
def test_the_card_is_valid_and_of_a_size_that_teams_takes(how: str) -> None:
    one = {
        "waits": rich(),
        "closed": rich(state=SessionState.CLOSED, outcome=Outcome.EXPIRED, note="n"),
        "huge": rich("Z" * 5000, reason="👩‍👩‍👧" * 900, context=Context(summary="👩‍👩‍👧" * 9000)),
    }[how]
    check(card(one))
    assert len(message(one)) <= MOST_BYTES
    broken = card(one)
    broken["body"][0]["type"] = "TextBlok"
    with pytest.raises(jsonschema.ValidationError):
        check(broken)


def test_turns_are_left_out_before_the_message_gets_too_long() -> None:
    huge = "👩‍👩‍👧" * 9000
    one = rich("Z", reason=huge, context=Context(summary=huge))
    many = Notice(id=one.id, kind=one.kind, at=one.at, session=one.session, turns=tuple(turn(huge) for _ in range(40)))
    assert len(message(many)) <= MOST_BYTES


def test_what_was_said_stands_in_text_runs_which_know_no_markup() -> None:
    one = card(rich(NASTY, reason=NASTY, context=Context(summary=NASTY)))
    assert {element["type"] for element in one["body"]} == {"RichTextBlock"}
    runs = [run for element in one["body"] for run in element["inlines"]]
    assert {run["type"] for run in runs} == {"TextRun"}
    assert any(NASTY in run["text"] for run in runs)
    assert one["actions"] == [
        {"type": "Action.OpenUrl", "title": "I take it", "url": "https://desk.example.com/v1/notices/tok-EN_1"}
    ]


@pytest.mark.parametrize(("status", "fine", "again"), [(202, True, True), (429, False, True), (404, False, False)])
async def test_a_workflow_that_is_gone_is_final(status: int, fine: bool, again: bool) -> None:
    vendor = FakeVendor([httpx.Response(status)])
    teams = Teams(SecretText("https://192.0.2.1/workflows/x?sig=y"), allow_private=True, transport=vendor.way)
    if fine:
        assert await teams.send(rich()) == ""
        assert vendor.requests[0].headers["content-type"] == "application/json"
        return
    with pytest.raises(ProviderError) as refusal:
        await teams.send(rich())
    assert (refusal.value.code, refusal.value.retryable) == ("teams_refused", again)


async def test_a_workflow_within_a_private_network_is_refused() -> None:
    vendor = FakeVendor([httpx.Response(202)])
    with pytest.raises(ProviderError) as refusal:
        await Teams(SecretText("https://10.0.0.1/x"), transport=vendor.way).send(rich())
    assert refusal.value.code == "webhook_address_private"
    assert vendor.requests == []

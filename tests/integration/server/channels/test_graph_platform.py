"""Messenger, Instagram and WhatsApp over a real network with the platform of our own making, and its faults."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from server.broker.ports.channels import OutgoingFile, Part, RemoteFile, SendError, SendProblem, Window
from server.channels import messenger, whatsapp
from server.clock import ManualClock, SystemClock
from tests.contract.channel_kits import instagram as instagram_kit
from tests.contract.channel_kits import messenger as messenger_kit
from tests.contract.channel_kits import whatsapp as whatsapp_kit
from tests.contract.channel_kits.kit import Wire, setup
from tests.fakes.graph_platform import CUT, INBOX, GraphPlatform, served

pytestmark = pytest.mark.integration

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
CHATS = {"messenger": "42", "instagram": "43", "whatsapp": whatsapp_kit.CUSTOMER, "no number": whatsapp_kit.USER_ID}


@pytest.fixture
async def platform() -> AsyncIterator[GraphPlatform]:
    found = GraphPlatform(now=lambda: NOW)
    found.heard_at.update(dict.fromkeys(CHATS.values(), NOW))
    async with served(found):
        yield found


def channel(kind: str, platform: GraphPlatform) -> Any:
    tools = replace(setup(ManualClock(), Wire()), clock=SystemClock(), transport=None)
    if kind in {"whatsapp", "no number"}:
        return whatsapp.make(msgspec.structs.replace(whatsapp_kit.SETTINGS, api_base=platform.base), tools)
    settings = messenger_kit.SETTINGS if kind == "messenger" else instagram_kit.SETTINGS
    return messenger.make(msgspec.structs.replace(settings, api_base=platform.base), tools)


async def refusal(one: Any, part: Part) -> SendProblem:
    with pytest.raises(SendError) as refused:
        await one.send(part)
    return refused.value.problem


@pytest.mark.parametrize("kind", CHATS)
async def test_words_and_files_arrive(platform: GraphPlatform, kind: str) -> None:
    one = channel(kind, platform)
    sent = await one.send(Part(chat=CHATS[kind], key="k-1", text="Grüße 😀"))
    assert [(said.chat, said.text, said.id) for said in platform.said] == [(CHATS[kind], "Grüße 😀", sent)]
    file = OutgoingFile(name="a.png", media_type="image/png", content=b"\x89PNG\x00")
    await one.send(Part(chat=CHATS[kind], key="k-2", file=file))
    assert b"\x89PNG\x00" in platform.said[1].file
    assert await one.health() == ""
    await one.close()


@pytest.mark.parametrize("kind", CHATS)
async def test_a_line_that_breaks_after_the_platform_took_it_leaves_the_outcome_unknown(
    platform: GraphPlatform, kind: str
) -> None:
    one = channel(kind, platform)
    part = Part(chat=CHATS[kind], key="k-1", text="Once")
    platform.faults.append(CUT)
    assert await refusal(one, part) is SendProblem.UNKNOWN_OUTCOME
    assert platform.texts(CHATS[kind]) == ["Once"]
    for fault, means in ((500, SendProblem.RETRY), (429, SendProblem.RATE_LIMIT), (504, SendProblem.UNKNOWN_OUTCOME)):
        platform.faults.append(fault)
        assert await refusal(one, part) is means
    assert platform.texts(CHATS[kind]) == ["Once"]
    await one.close()


@pytest.mark.parametrize("kind", CHATS)
async def test_a_window_that_we_thought_open_is_the_platform_s_to_close(platform: GraphPlatform, kind: str) -> None:
    one = channel(kind, platform)
    platform.heard_at[CHATS[kind]] = NOW - timedelta(hours=25)
    assert await refusal(one, Part(chat=CHATS[kind], key="k-1", text="Late")) is SendProblem.WINDOW
    await one.close()


async def test_a_person_answers_for_seven_days_and_not_longer(platform: GraphPlatform) -> None:
    one = channel("messenger", platform)
    part = Part(chat="42", key="k-1", text="Late", window=Window.PERSON_ONLY, by_person=True)
    platform.heard_at["42"] = NOW - timedelta(days=6)
    await one.send(part)
    assert platform.said[0].tag == "HUMAN_AGENT"
    platform.heard_at["42"] = NOW - timedelta(days=8)
    assert await refusal(one, part) is SendProblem.WINDOW
    await one.close()


async def test_after_24_hours_whatsapp_takes_the_template(platform: GraphPlatform) -> None:
    one = channel("whatsapp", platform)
    platform.heard_at.clear()
    await one.send(Part(chat=whatsapp_kit.CUSTOMER, key="k-1", text="We found it", window=Window.CLOSED))
    assert [(said.text, said.tag) for said in platform.said] == [("We found it", "template")]
    await one.close()


async def test_an_operator_takes_a_thread_from_the_inbox(platform: GraphPlatform) -> None:
    one = channel("messenger", platform)
    platform.owner["42"] = INBOX
    assert await refusal(one, Part(chat="42", key="k-1", text="The AI")) is SendProblem.INVALID
    assert platform.owner["42"] == INBOX
    await one.send(Part(chat="42", key="k-2", text="A person", by_person=True))
    assert platform.texts("42") == ["A person"]
    await one.close()


async def test_a_file_of_a_customer_is_read_in_two_steps_and_a_page_is_none(platform: GraphPlatform) -> None:
    one = channel("whatsapp", platform)
    platform.media["900"] = ("image/jpeg", b"\xff\xd8" * 50_000)
    assert b"".join([piece async for piece in one.fetch(RemoteFile(handle="900"))]) == b"\xff\xd8" * 50_000
    platform.media["901"] = ("text/html", b"<html>Log in</html>")
    with pytest.raises(SendError) as refused:
        [piece async for piece in one.fetch(RemoteFile(handle="901"))]
    assert refused.value.problem is SendProblem.GONE
    await one.close()


async def test_a_wrong_token_is_told_as_such(platform: GraphPlatform) -> None:
    tools = replace(setup(ManualClock(), Wire()), transport=None)
    wrong = msgspec.structs.replace(whatsapp_kit.SETTINGS, api_base=platform.base, token_file="expired")
    one = whatsapp.make(wrong, tools)
    assert await refusal(one, Part(chat="1", key="k", text="?")) is SendProblem.AUTH
    assert "190" in await one.health()
    await one.close()

"""WhatsApp as pywa knows it, a client nobody here wrote: the same requests, signatures, readings and errors."""

import inspect
import json
from typing import Any

import httpx
import msgspec
import pytest
import pywa
from pywa import errors
from pywa.types import EditedMessage, Message, MessageStatus, OutgoingMessage
from pywa.types.base_update import RawUpdate
from pywa.utils import webhook_updates_validator

from server.broker.ports.channels import EventKind, OutgoingFile, Part, SendProblem
from server.channels.graph import problem_of
from server.channels.meta_webhook import sign
from server.channels.whatsapp import make
from server.core.errors import NotAuthenticatedError
from server.secret_files import SecretText
from server.wire.terms import Delivery
from tests.contract.channel_kits import whatsapp as kit
from tests.contract.channel_kits.kit import Bench, Wire, body, setup

pytestmark = pytest.mark.integration

TYPES = {"text", "image", "document", "audio", "sticker", "video"}
ANSWER = {
    "messaging_product": "whatsapp",
    "contacts": [{"input": kit.CUSTOMER, "wa_id": kit.CUSTOMER}],
    "messages": [{"id": "wamid.sent"}],
}


class Pywa:
    """pywa's client on a network that keeps its requests."""

    def __init__(self) -> None:
        self.requests: list[httpx.Request] = []
        session = httpx.Client(transport=httpx.MockTransport(self._answer))
        self.client = pywa.WhatsApp(phone_id=kit.NUMBER_ID, token="system-token", session=session)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        request.read()
        self.requests.append(request)
        media = request.url.path.endswith("/media")
        return httpx.Response(200, json={"id": "900"} if media else ANSWER | {"success": True})


@pytest.fixture
def theirs() -> Pywa:
    return Pywa()


@pytest.fixture
def ours() -> Bench:
    bench = Bench(kit.KIT)
    media = httpx.Response(200, json={"id": "900"})
    bench.wire.otherwise = lambda one: media if one.url.path.endswith("/media") else httpx.Response(200, json=ANSWER)
    return bench


def raw_update(raw: bytes) -> RawUpdate:
    return RawUpdate(raw, hmac_header=None, update_hash="")


def said(request: httpx.Request) -> Any:
    """Return what a request says, without the key that only we send."""
    found = json.loads(request.content)
    found.pop("biz_opaque_callback_data", None)
    return found


@pytest.mark.parametrize("to", [kit.CUSTOMER, kit.USER_ID, "CO.ENT.11815799212886844830"])
async def test_a_text_is_the_same_request(theirs: Pywa, ours: Bench, to: str) -> None:
    theirs.client.send_message(to=to, text="Good morning")
    await ours.channel.send(Part(chat=to, key="k-1", text="Good morning"))
    assert said(ours.wire.requests[-1]) == said(theirs.requests[-1])
    assert ours.wire.requests[-1].url.path.removeprefix("/api") == "/" + theirs.requests[-1].url.path.split("/", 2)[2]
    assert ours.wire.requests[-1].headers["authorization"] == theirs.requests[-1].headers["authorization"]


async def test_a_file_is_the_same_two_requests(theirs: Pywa, ours: Bench) -> None:
    theirs.client.send_image(to=kit.CUSTOMER, image=b"\x89PNG", caption="Look", mime_type="image/png")
    picture = OutgoingFile(name="a.png", media_type="image/png", content=b"\x89PNG")
    await ours.channel.send(Part(chat=kit.CUSTOMER, key="k-1", text="Look", file=picture))
    assert said(ours.wire.requests[-1]) == said(theirs.requests[-1])
    for upload in (ours.wire.requests[0], theirs.requests[0]):
        assert upload.url.path.endswith(f"/{kit.NUMBER_ID}/media")
        names = {line.split(b'name="')[1].split(b'"')[0] for line in upload.content.split(b"\r\n") if b'name="' in line}
        assert names == {b"messaging_product", b"type", b"file"}


async def test_the_typing_sign_is_the_same_request(theirs: Pywa, ours: Bench) -> None:
    theirs.client.indicate_typing(message_id="wamid.7")
    ours.channel.parse(ours.signed(kit.message(kit.CUSTOMER, 7, "Hello")))
    await ours.channel.typing(kit.CUSTOMER)  # type: ignore[attr-defined]
    assert said(ours.wire.requests[-1]) == said(theirs.requests[-1])


def test_a_signature_is_theirs_and_a_forged_one_is_not() -> None:
    raw = kit.message(kit.CUSTOMER, 1, "Grüße 😀")
    assert webhook_updates_validator(kit.APP_SECRET, raw, sign(raw, SecretText(kit.APP_SECRET)))
    assert not webhook_updates_validator(kit.APP_SECRET, raw + b" ", sign(raw, SecretText(kit.APP_SECRET)))
    bench = Bench(kit.KIT)
    bench.channel.verify(bench.signed(raw), bench.clock.now())
    with pytest.raises(NotAuthenticatedError):
        bench.channel.verify(msgspec.structs.replace(bench.signed(raw), body=raw + b" "), bench.clock.now())


def read(raw: bytes) -> Any:
    (event,) = Bench(kit.KIT).channel.parse(kit.sign(raw, Bench(kit.KIT).clock.now()))
    return event


@pytest.mark.parametrize(
    "item",
    [one for one in kit.MESSAGES if one["type"] in TYPES and "group_id" not in one],
    ids=lambda one: f"{one['type']}-{one['id']}",
)
def test_a_message_is_read_alike(theirs: Pywa, item: dict[str, Any]) -> None:
    contact = kit.contact(item.get("from", ""), kit.USER_ID)
    raw = body(kit.posted(kit.value(item, contacts=[contact])))
    known, event = Message.from_update(theirs.client, raw_update(raw)), read(raw)
    assert (event.message_id, event.at) == (known.id, known.timestamp)
    assert event.text == (known.text or known.caption or "")
    assert event.sender_ids[0] == event.chat == known.from_user.bsuid
    assert event.sender_name == known.from_user.name
    assert (f"phone:+{known.from_user.wa_id}" in event.sender_ids) is (known.from_user.wa_id is not None)
    assert event.reply_to == (known.reply_to_message.id if known.reply_to_message else "")
    media = known.media
    assert [one.handle for one in event.files] == ([media.id] if media else [])


def test_edits_echoes_and_statuses_are_read_alike(theirs: Pywa) -> None:
    person = kit.contact(user=kit.USER_ID)
    raw = body(
        kit.posted(
            kit.value(
                kit.item("edit", 2, edit={"original_message_id": "wamid.1", "message": kit.EDITED}), contacts=[person]
            )
        )
    )
    edited, event = EditedMessage.from_update(theirs.client, raw_update(raw)), read(raw)
    assert (event.kind, event.message_id, event.text) == (
        EventKind.EDITED,
        edited.original_message_id,
        edited.message.text,
    )
    echo = kit.item("text", 3, "15550100", text={"body": "From my phone"}, to=kit.CUSTOMER)
    about = {"display_phone_number": "15550100", "phone_number_id": kit.NUMBER_ID}
    value = {"metadata": about, "message_echoes": [echo], "contacts": [person]}
    raw = body(kit.posted(value, field="smb_message_echoes"))
    known, event = OutgoingMessage.from_update(theirs.client, raw_update(raw)), read(raw)
    assert (event.kind, event.by_person, event.text, event.message_id) == (EventKind.ECHO, True, known.text, known.id)
    for word in ("sent", "delivered", "read", "failed"):
        failed = {"errors": kit.FAILED} if word == "failed" else {}
        raw = body(kit.posted(kit.value(statuses=[kit.status(word, **failed)]) | {"contacts": [person]}))
        status, event = MessageStatus.from_update(theirs.client, raw_update(raw)), read(raw)
        assert (event.message_id, event.delivery, event.at) == (
            status.id,
            Delivery(status.status.value),
            status.timestamp,
        )
        assert ("131047" in event.failure) is (status.error is not None)


def codes(group: type[Exception]) -> set[int]:
    """Return the codes of all errors that pywa puts into a group."""
    found: set[int] = set()
    for _, one in inspect.getmembers(errors, inspect.isclass):
        if issubclass(one, group):
            found |= set(getattr(one, "__error_codes__", None) or ())
    return found


def test_what_they_call_too_fast_and_not_allowed_we_do_too() -> None:
    registration = {133016}
    assert {problem_of(code, 0) for code in codes(errors.ThrottlingError) - registration} == {SendProblem.RATE_LIMIT}
    assert {problem_of(code, 0) for code in codes(errors.AuthorizationError)} == {SendProblem.AUTH}
    assert problem_of(*errors.ReEngagementMessage.__error_codes__, 0) is SendProblem.WINDOW
    for code in codes(errors.SendMessageError):
        assert problem_of(code, 0) is not SendProblem.RATE_LIMIT, code


def test_our_settings_make_a_channel_of_theirs() -> None:
    assert make(kit.SETTINGS, setup(Bench(kit.KIT).clock, Wire())).limits.longest == 4096

"""WhatsApp's Cloud API, for one number."""

from typing import Any

import httpx

from server.broker.ports.channels import Part, SendProblem
from server.channel_settings.meta import WhatsAppSettings
from server.channels.whatsapp import make
from tests.contract.channel_kits.kit import Kit, Problem, body
from tests.contract.channel_kits.messenger import APP_SECRET, batch, refused, sign

NUMBER_ID, BUSINESS, CUSTOMER, USER_ID = "500005", "600006", "15550142", "US.13491208655302741918"
SETTINGS = WhatsAppSettings(
    api_base="https://platform.example/api",
    phone_number_id=NUMBER_ID,
    token_file="system-token",
    app_secret_file=APP_SECRET,
    verify_token_file="verify-token",
    template="we_answer",
)
AT = 1_767_225_600


def contact(number: str = CUSTOMER, user: str = "", name: str = "Ada Fields") -> dict[str, Any]:
    found: dict[str, Any] = {"profile": {"name": name}}
    return found | ({"wa_id": number} if number else {}) | ({"user_id": user} if user else {})


def item(kind: str, number: int = 1, sender: str = CUSTOMER, user: str = "", **what: Any) -> dict[str, Any]:
    """Return one message of a customer."""
    found = {"id": f"wamid.{number}", "timestamp": str(AT + number), "type": kind, **what}
    return found | ({"from": sender} if sender else {}) | ({"from_user_id": user} if user else {})


def status(word: str, mid: str = "wamid.sent", **more: Any) -> dict[str, Any]:
    return {"id": mid, "status": word, "timestamp": str(AT), "recipient_id": CUSTOMER, **more}


def value(*messages: Any, contacts: Any = None, **more: Any) -> dict[str, Any]:
    """Return the value of a change of the field `messages`."""
    about = {"display_phone_number": "15550100", "phone_number_id": NUMBER_ID}
    found: dict[str, Any] = {"messaging_product": "whatsapp", "metadata": about, **more}
    if messages:
        found |= {"contacts": [contact()] if contacts is None else contacts, "messages": list(messages)}
    return found


def posted(*values: Any, field: str = "messages") -> dict[str, Any]:
    """Return the body of a webhook with a change for each value."""
    changes = [{"field": field, "value": one} for one in values]
    return {"object": "whatsapp_business_account", "entry": [{"id": BUSINESS, "changes": changes}]}


def message(chat: str, number: int, text: str) -> bytes:
    return body(posted(value(item("text", number, chat, text={"body": text}), contacts=[contact(chat)])))


MEDIA = {"id": "900", "mime_type": "image/jpeg", "sha256": "ab"}
CARD = {"name": {"formatted_name": "Bo"}, "phones": [{"phone": "+15550143"}], "emails": [{"email": "bo@x.example"}]}
BOUGHT = {"product_retailer_id": "p", "quantity": 2, "item_price": 9.5, "currency": "EUR"}
ORDER = {"catalog_id": "c", "text": "These", "product_items": [BOUGHT]}
CHOSEN = {"id": "r", "title": "Red", "description": "Large"}
EDITED = {"type": "text", "text": {"body": "Hello there"}}
FAILED = [
    {
        "code": 131047,
        "title": "Re-engagement message",
        "message": "Re-engagement message",
        "error_data": {"details": "More than 24 hours"},
    }
]
MESSAGES = (
    item("text", text={"body": "Hello"}),
    item("text", 2, text={"body": "And this"}, context={"from": "15550100", "id": "wamid.sent"}),
    item("image", 3, image=MEDIA | {"caption": "Look"}),
    item("document", 4, document=MEDIA | {"filename": "a.pdf", "mime_type": "application/pdf"}),
    item("audio", 5, audio=MEDIA | {"voice": True, "mime_type": "audio/ogg; codecs=opus"}),
    item("sticker", 6, sticker=MEDIA | {"animated": False}),
    item("video", 7, video=MEDIA),
    item("location", 8, location={"latitude": 52.5, "longitude": 13.4, "name": "The shop", "address": "High St 1"}),
    item("contacts", 9, contacts=[CARD]),
    item("interactive", 10, interactive={"type": "button_reply", "button_reply": {"id": "b", "title": "Yes"}}),
    item("interactive", 11, interactive={"type": "list_reply", "list_reply": CHOSEN}),
    item("interactive", 12, interactive={"type": "nfm_reply", "nfm_reply": {"body": "Sent"}}),
    item("button", 13, button={"payload": "P", "text": "Talk to a person"}),
    item("reaction", 14, reaction={"message_id": "wamid.sent", "emoji": "👍"}),
    item("order", 15, order=ORDER),
    item("system", 16, system={"body": "Ada has a new number", "type": "user_changed_number"}),
    item("unsupported", 17, errors=[{"code": 131051, "title": "Message type unknown"}]),
    item("edit", 18, edit={"original_message_id": "wamid.1", "message": EDITED}),
    item("revoke", 19, revoke={"original_message_id": "wamid.1"}),
    item("request_welcome", 20),
    item("poll_of_tomorrow", 21, poll_of_tomorrow={"x": 1}),
    item("text", 22, text={"body": "In a group"}, group_id="g1"),
    item("text", 23, sender="", user=USER_ID, text={"body": "I have no number"}),
)
FIXTURES = (
    *(body(posted(value(one))) for one in MESSAGES),
    body(posted(value(statuses=[status("sent"), status("delivered"), status("read")]))),
    body(posted(value(statuses=[status("failed", errors=FAILED)]))),
    body(posted(value(statuses=[status("warning")]))),
    body(posted(value(errors=[{"code": 130429, "title": "Rate limit hit"}]))),
    body(posted({"metadata": {"phone_number_id": NUMBER_ID}, "message_echoes": [
        item("text", 30, "15550100", text={"body": "From my phone"}, to=CUSTOMER)]}, field="smb_message_echoes")),
    body(posted({"event": "DISABLED_UPDATE", "ban_info": {"waba_ban_state": "DISABLE"}}, field="account_update")),
    body(posted({"event": "VERIFIED_ACCOUNT"}, field="account_update")),
    body(posted({"message_template_id": 1, "event": "APPROVED"}, field="message_template_status_update")),
    body(posted({"metadata": {"phone_number_id": "7"}, "messages": [item("text", 31, text={"body": "?"})]})),
)  # fmt: skip

KIT = Kit(
    name="whatsapp",
    make=lambda setup: make(SETTINGS, setup),
    sign=sign,
    message=message,
    fixtures=FIXTURES,
    covers_time=False,
    batch=lambda bodies: batch(list(bodies)).replace(b'"page"', b'"whatsapp_business_account"', 1),
    part=Part(chat=CUSTOMER, key="k-1", text="Good morning"),
    accepted=(
        lambda _request: httpx.Response(
            200,
            json={
                "messaging_product": "whatsapp",
                "contacts": [{"input": CUSTOMER, "wa_id": CUSTOMER}],
                "messages": [{"id": "wamid.sent"}],
            },
        ),
        "wamid.sent",
    ),
    problems={
        "token expired": Problem(answer=refused(190, 0, 401), means=SendProblem.AUTH),
        "not allowed": Problem(answer=refused(10, 0, 403), means=SendProblem.AUTH),
        "account locked": Problem(answer=refused(131031, 0, 403), means=SendProblem.AUTH),
        "not paid": Problem(answer=refused(131042), means=SendProblem.AUTH),
        "after 24 hours": Problem(answer=refused(131047), means=SendProblem.WINDOW),
        "undeliverable": Problem(answer=refused(131026), means=SendProblem.GONE),
        "stopped": Problem(answer=refused(131050), means=SendProblem.BLOCKED),
        "number too fast": Problem(answer=refused(130429), means=SendProblem.RATE_LIMIT),
        "one customer too fast": Problem(answer=refused(131056), means=SendProblem.RATE_LIMIT),
        "business too fast": Problem(answer=refused(80007), means=SendProblem.RATE_LIMIT),
        "for a moment": Problem(answer=refused(131016), means=SendProblem.RETRY),
        "wrong parameter": Problem(answer=refused(131009), means=SendProblem.INVALID),
        "no such template": Problem(answer=refused(132001, 0, 404), means=SendProblem.INVALID),
        "a new code": Problem(answer=refused(987_654), means=SendProblem.INVALID),
        "no id": Problem(answer=httpx.Response(200, json={"messages": []}), means=SendProblem.UNKNOWN_OUTCOME),
    },
)

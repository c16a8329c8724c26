"""Sessions, people and turns as a broker would show them, at a fixed instant: for tests of model and screen."""

import itertools
from datetime import UTC, datetime, timedelta

from server.wire.frames import Snapshot
from server.wire.terms import (
    Author,
    ConversationId,
    Medium,
    MessageId,
    MoodLabel,
    OperatorId,
    Presence,
    Role,
    SessionId,
    SessionKind,
    SessionState,
)
from server.wire.views import (
    Context,
    Customer,
    Fact,
    MediaGrant,
    MessageView,
    Mood,
    NextAction,
    OperatorView,
    SessionView,
)

NOW = datetime(2026, 3, 3, 12, 41, 3, tzinfo=UTC)
ME = OperatorId("op-me")
MIA = OperatorId("op-mia")


def ago(seconds: float) -> datetime:
    return NOW - timedelta(seconds=seconds)


def operator(id_: OperatorId = ME, name: str = "Sam", **fields: object) -> OperatorView:
    known: dict[str, object] = {
        "role": Role.OPERATOR,
        "presence": Presence.AVAILABLE,
        "since": ago(3600),
        "connected": True,
    }
    return OperatorView(id=id_, name=name, **{**known, **fields})  # type: ignore[arg-type]


def session(number: int, **fields: object) -> SessionView:
    known: dict[str, object] = {
        "medium": Medium.VOICE,
        "kind": SessionKind.TAKEOVER,
        "state": SessionState.QUEUED,
        "epoch": 1,
        "version": 1,
        "queue": "default",
        "priority": 5,
        "reason": "asked for a person",
        "customer": Customer(name=f"Caller {number}", handle=f"+1 555 {number:04}", channel="twilio"),
        "context": Context(topic="billing"),
        "requested_at": ago(60 + number),
        "queued_at": ago(60 + number),
    }
    return SessionView(
        id=SessionId(f"s{number}"),
        number=f"H-{number:04}",
        conversation_id=ConversationId(f"c{number}"),
        **{**known, **fields},  # type: ignore[arg-type]
    )


def turn(conversation: int, position: int, author: Author, text: str, **fields: object) -> MessageView:
    known: dict[str, object] = {"at": ago(400 - position * 9)}
    return MessageView(
        id=MessageId(f"m{conversation}-{position}"),
        conversation_id=ConversationId(f"c{conversation}"),
        position=position,
        author=author,
        text=text,
        **{**known, **fields},  # type: ignore[arg-type]
    )


def grant(epoch: int, token: str = "t1") -> MediaGrant:
    return MediaGrant(
        url="ws://127.0.0.1:1/media", token=token, epoch=epoch, expires_at=NOW, call_id=ConversationId("c42")
    )


def snapshot(*sessions: SessionView, seq: int = 10, operators: tuple[OperatorView, ...] = ()) -> Snapshot:
    return Snapshot(
        seq=seq,
        now=NOW,
        boot="b1",
        version="0.1.0",
        me=ME,
        sessions=sessions,
        operators=operators or (operator(), operator(MIA, "Mia")),
    )


BILLING = Context(
    summary=(
        "Charged twice for order 88120 on 28 February. Two tickets were opened and closed without an answer; "
        "she wants the 49.00 back today and a written receipt for her books."
    ),
    mood=Mood(label=MoodLabel.ANGRY, score=-0.8, course=(0.3, 0.1, -0.1, -0.4, -0.7, -0.8)),
    facts=(
        Fact(name="order", value="88120"),
        Fact(name="amount", value="49.00 EUR"),
        Fact(name="e-mail", value="j•••@example.com"),
    ),
    tried=("status lookup", "ticket T-1009", "offered a voucher"),
    next_actions=(
        NextAction(label="confirm the double charge"),
        NextAction(label="refund 49.00", say="I have just refunded 49.00 EUR to your card."),
        NextAction(label="send the receipt", say="The receipt is on its way to your e-mail."),
    ),
    topic="billing",
    language="en",
)

TALK = (
    (Author.CUSTOMER, "Hi, my order has been charged twice and nobody answers my mails."),
    (Author.ASSISTANT, "I am sorry about that. I can see order 88120; may I have a look at the payments?"),
    (Author.CUSTOMER, "Please do. It was 49.00 both times, on the same day."),
    (
        Author.ASSISTANT,
        (
            "There are indeed two charges of 49.00 EUR on 28 February. One of them is still marked as pending by the "
            "bank, which usually means that it will be released by itself within five working days."
        ),
    ),
    (Author.CUSTOMER, "That is what the first ticket said. It is not going away. I want to talk to a person."),
    (Author.ASSISTANT, "Of course. I am getting a colleague for you; I stay with you until then."),
)


def talk(conversation: int, count: int = len(TALK)) -> tuple[MessageView, ...]:
    return tuple(
        turn(conversation, n, author, text)
        for n, (author, text) in enumerate(itertools.islice(itertools.cycle(TALK), count), 1)
    )


def _waiting(
    number: int,
    name: str,
    handle: str,
    context: Context,
    *,
    waited: float,
    promise: float | None = None,
    **fields: object,
) -> SessionView:
    return session(
        number,
        customer=Customer(name=name, handle=handle, channel="widget" if "medium" in fields else "twilio"),
        context=context,
        queued_at=ago(waited),
        requested_at=ago(waited),
        promise_at=None if promise is None else ago(-promise),
        **fields,
    )


def busy(*, mine: tuple[SessionView, ...] = ()) -> tuple[SessionView, ...]:
    """A queue as on a busy noon: two past their promise, a chat, one in screening, one with Mia."""
    calm = Context(topic="delivery", mood=Mood(label=MoodLabel.NEUTRAL, course=(0.1, 0.0, 0.1)))
    tense = Context(topic="contract", mood=Mood(label=MoodLabel.FRUSTRATED, score=-0.4, course=(0.2, -0.1, -0.4)))
    glad = Context(topic="upgrade", mood=Mood(label=MoodLabel.HAPPY, score=0.6, course=(0.2, 0.5, 0.6)))
    rows = (
        _waiting(42, "Joan Ferrer", "+34 600 555 042", BILLING, waited=400, promise=-340, last_turns=talk(42)[-3:]),
        _waiting(43, "", "+1 555 0183", tense, waited=312, promise=-252),
        _waiting(44, "Ines Okafor", "ines@example.com", calm, waited=45, promise=75, medium=Medium.CHAT),
        _waiting(45, "田中 ゆき", "yuki", glad, waited=8, promise=112, medium=Medium.CHAT),
        _waiting(46, "", "+44 20 7946 0018", Context(topic="refund"), waited=3, state=SessionState.SCREENING),
        _waiting(
            40, "Bo Lindqvist", "+46 8 555 12", calm, waited=200, state=SessionState.ACTIVE, operator_id=MIA,
            accepted_at=ago(95), active_at=ago(94),
        ),
    )  # fmt: skip
    taken = {row.id for row in mine}
    return (*mine, *(row for row in rows if row.id not in taken))


def live_call(**fields: object) -> SessionView:
    """The angry caller, accepted by me 3:12 ago."""
    known: dict[str, object] = {
        "customer": Customer(name="Joan Ferrer", handle="+34 600 555 042", channel="twilio"),
        "context": BILLING,
        "state": SessionState.ACTIVE,
        "epoch": 2,
        "version": 5,
        "operator_id": ME,
        "queued_at": ago(400),
        "requested_at": ago(350),
        "accepted_at": ago(193),
        "active_at": ago(192),
        "last_turns": talk(42)[-3:],
    }
    return session(42, **{**known, **fields})


def live_chat(number: int = 44, **fields: object) -> SessionView:
    """A chat that I write in."""
    known: dict[str, object] = {
        "medium": Medium.CHAT,
        "customer": Customer(name="Ines Okafor", handle="ines@example.com", channel="widget"),
        "context": BILLING,
        "state": SessionState.ACTIVE,
        "epoch": 2,
        "version": 5,
        "operator_id": ME,
        "queued_at": ago(300),
        "requested_at": ago(350),
        "accepted_at": ago(100),
        "active_at": ago(100),
    }
    return session(number, **{**known, **fields})

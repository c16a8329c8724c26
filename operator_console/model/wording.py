"""Put what the model knows into words: waits, states, moods, people; every colour on the screen has its word here."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from operator_console.model.inputs import Moving
from operator_console.model.select import is_mine
from operator_console.model.state import DeskModel
from server.wire.terms import (
    NOT_GIVEN,
    Author,
    Delivery,
    Dial,
    FileState,
    Medium,
    MoodLabel,
    OperatorId,
    Outcome,
    Party,
    Presence,
    SessionKind,
    SessionState,
    Source,
)
from server.wire.views import Context, Customer, FileView, MessageView, Mood, OperatorView, SessionView, Sign

SPARKS: Final = "▁▂▃▄▅▆▇█"

_MOODS: Final = {
    MoodLabel.HAPPY: ("+", "happy"),
    MoodLabel.NEUTRAL: ("-", "calm"),
    MoodLabel.FRUSTRATED: ("!", "tense"),
    MoodLabel.ANGRY: ("!!", "angry"),
    MoodLabel.UNKNOWN: ("", ""),
}

_OUTCOMES: Final = {
    Outcome.RESOLVED: "resolved",
    Outcome.RETURNED: "back to AI",
    Outcome.ENDED: "ended",
    Outcome.ABANDONED: "customer left",
    Outcome.EXPIRED: "expired",
    Outcome.REFUSED: "refused",
    Outcome.TRANSFERRED: "transferred",
    Outcome.VOICEMAIL: "voicemail",
    Outcome.VOICEMAIL_EMPTY: "no message left",
    Outcome.CALLBACK: "callback",
    Outcome.FAILED: "failed",
    Outcome.ANSWERED: "answered",
    Outcome.APPROVED: "approved",
    Outcome.DECLINED: "declined",
}

_KINDS: Final = {SessionKind.ASSIST: "ASSIST", SessionKind.APPROVE: "APPROVE", SessionKind.CALLBACK: "CALLBACK"}

_DIALS: Final = {
    Dial.PLACING: "dialling",
    Dial.QUEUED: "dialling",
    Dial.RINGING: "ringing",
    Dial.ANSWERED: "answered",
    Dial.BUSY: "busy",
    Dial.NO_ANSWER: "no answer",
    Dial.CANCELLED: "call stopped",
    Dial.FAILED: "call failed",
}

_DELIVERIES: Final = {
    Delivery.PENDING: "accepted",
    Delivery.SENT: "sent",
    Delivery.DELIVERED: "delivered",
    Delivery.READ: "read",
    Delivery.FAILED: "NOT SENT",
    Delivery.UNKNOWN: "MAY NOT HAVE ARRIVED",
}

_FILE_STATES: Final = {
    FileState.COMING: "coming: it is being fetched",
    FileState.GONE: "gone: the platform does not have it any more",
    FileState.REFUSED: "refused: too large, or of a kind that is not taken",
}


def span(seconds: float) -> str:
    """Return a length of time as people read a clock: 0:07, 6:40, 1:02:03, 3d 04h."""
    whole = max(int(seconds), 0)
    minutes, second = divmod(whole, 60)
    hours, minute = divmod(minutes, 60)
    if hours >= 24:
        return f"{hours // 24}d {hours % 24:02}h"
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute}:{second:02}"


def since(start: datetime, now: datetime) -> str:
    """Return how long ago `start` was."""
    return span((now - start).total_seconds())


def who(customer: Customer) -> str:
    """Return the customer by name, else by number or handle."""
    return customer.name or customer.handle or "unknown"


def mood_mark(mood: Mood) -> str:
    """Return the mood as one or two ASCII signs; empty when nothing is known."""
    return _MOODS[mood.label][0]


def mood_word(mood: Mood) -> str:
    """Return the mood as one short word; empty when nothing is known."""
    return _MOODS[mood.label][1]


def spark(course: Sequence[float], width: int = 8) -> str:
    """Return a course of scores from -1 to 1 as bars, the newest last, high being happy."""
    top = len(SPARKS) - 1
    return "".join(SPARKS[min(max(round((score + 1) / 2 * top), 0), top)] for score in course[-width:])


def trend(course: Sequence[float]) -> str:
    """Return where the mood went over its last turns, in a word."""
    if len(course) < 2:
        return ""
    change = course[-1] - course[max(len(course) - 4, 0)]
    if abs(change) < 0.2:
        return "steady"
    return "rising" if change > 0 else "falling"


def names_of(model: DeskModel, who: Iterable[OperatorId]) -> str:
    """Return operators' names, `someone` where there are none."""
    return ", ".join(name_of(model, one) for one in who) or "someone"


def name_of(model: DeskModel, operator_id: OperatorId | None) -> str:
    """Return an operator's name, `you` for oneself."""
    if operator_id is None:
        return "someone"
    if operator_id == model.me:
        return "you"
    person = model.operators.get(operator_id)
    return person.name if person else "someone"


def kind_word(session: SessionView) -> str:
    """Return what the assistant wants, in a word; empty for a takeover, as most are."""
    return _KINDS.get(session.kind, "")


def left_words(session: SessionView, now: datetime) -> str:
    """Return how long an answer still counts; empty for what has no end."""
    if session.answer_by is None:
        return ""
    return f"{span((session.answer_by - now).total_seconds())} left"


def state_words(model: DeskModel, session: SessionView) -> str:
    """Return where a session stands, in a few words."""
    words = {
        SessionState.SCREENING: "being screened",
        SessionState.ASKED: f"{kind_word(session)} {left_words(session, model.now)}",
        SessionState.QUEUED: "waiting",
        SessionState.CLOSED: "closed",
        SessionState.CONNECTING: "connecting",
        SessionState.ACTIVE: "live",
        SessionState.HELD: "on hold",
        SessionState.WRAP_UP: "wrap-up",
    }
    seen_to = f", acknowledged by {session.acknowledged_by}" if session.acknowledged_by else ""
    if session.state is SessionState.OFFERED:
        return f"rings at {names_of(model, session.rung())}{seen_to}"
    if session.state is SessionState.QUEUED:
        return words[session.state] + seen_to
    word = words[session.state]
    if session.operator_id is None or is_mine(session, model.me):
        return word
    return f"{word} with {name_of(model, session.operator_id)}"


def sourced(items: Iterable[tuple[str, Source]], gap: str = " ") -> str:
    """Return items in a row, with a word before those that are not the assistant's own: "order 12 · built-in: ...".

    `gap` stands between that word and its item.
    """
    parts: list[str] = []
    last = Source.ASSISTANT
    for text, source in items:
        parts.append(text if source is last else f"{source.value}:{gap}{text}")
        last = source
    return " · ".join(parts)


def summary_words(context: Context) -> str:
    """Return the summary with its source when it is not the assistant's own, and what went wrong."""
    if context.summary and context.summary_source is Source.ASSISTANT:
        return context.summary
    failed = "" if context.summary_status in {"", "ok"} else context.summary_status.replace("_", " ")
    if not context.summary:
        return f"none ({failed})" if failed else ""
    return f"{context.summary} ({', '.join(filter(None, (context.summary_source.value, failed)))})"


def dial_words(session: SessionView) -> str:
    """Return how far a call that we place has got; empty once both talk."""
    return _DIALS[session.dial] if session.dial is not None and session.active_at is None else ""


def promise_words(session: SessionView, now: datetime) -> str:
    """Return what became of the promise to answer: past since, or still due in."""
    if session.promise_at is None:
        return ""
    left = (session.promise_at - now).total_seconds()
    return f"promise past {span(-left)}" if left <= 0 else f"promise in {span(left)}"


def is_past_promise(session: SessionView, now: datetime) -> bool:
    """Tell whether the session should have been answered by now."""
    return session.promise_at is not None and session.promise_at <= now


def author_word(message: MessageView, medium: Medium, me: OperatorId) -> str:
    """Return who speaks, in a word that needs no colour."""
    match message.author:
        case Author.CUSTOMER:
            return "Caller" if medium is Medium.VOICE else "Customer"
        case Author.ASSISTANT:
            return "AI"
        case Author.NOTE:
            return "Note"
        case Author.SYSTEM:
            return "·"
        case Author.OPERATOR:
            return "You" if message.operator_id == me else message.author_name or "Operator"


def delivery_words(message: MessageView) -> str:
    """Return how far an operator's turn got; empty when there is nothing to say.

    A channel without receipts says nothing about a turn that was sent, and so does this.
    """
    if message.author is not Author.OPERATOR or (message.delivery is Delivery.SENT and not message.version):
        return ""
    word = _DELIVERIES[message.delivery]
    return f"{word}: {message.failure}" if message.failure else word


def said_words(message: MessageView) -> str:
    """Return what a turn says, and the files that came with it, one a line; of one taken back, that it was."""
    if message.deleted_at is not None:
        return "(deleted)"
    return "\n".join([*([message.text] if message.text else []), *(file_words(file) for file in message.files)])


def file_words(file: FileView) -> str:
    """Return a file with its name, size and kind, or a link with its address."""
    if file.url:
        return f"[link] {file.name}: {file.url}" if file.name not in {"", "file", file.url} else f"[link] {file.url}"
    if file.state is not FileState.HERE:
        return f"[file] {file.name} ({_FILE_STATES[file.state]})"
    return f"[file] {file.name} ({size_words(file.size)}, {file.media_type or 'unknown kind'})"


def moving_words(moving: Moving, cancels: str) -> str:
    """Return how far a file on its way is."""
    percent = 100 * moving.done // max(moving.size, 1)
    way = "Sending" if moving.outwards else "Saving"
    return f"{way} {moving.name}: {percent} % of {size_words(moving.size)} · {cancels} cancels"


def size_words(size: int) -> str:
    """Return a number of bytes as people say it."""
    if size < 1_000:
        return f"{size} B"
    return f"{size / 1_000:.0f} kB" if size < 1_000_000 else f"{size / 1_000_000:.1f} MB"


def mark_words(message: MessageView) -> str:
    """Return what became of a turn since it was said: edited, sent again, how far it got."""
    marks = [
        "edited" if message.edited_at is not None and message.deleted_at is None else "",
        "sent again" if message.again_of is not None else "",
        delivery_words(message),
    ]
    return " · ".join(mark for mark in marks if mark)


def duty_words(person: OperatorView | None) -> str:
    """Return an operator's presence as the header says it."""
    if person is None:
        return ""
    words = {Presence.AVAILABLE: "ON DUTY", Presence.AWAY: "AWAY", Presence.OFFLINE: "OFF DUTY"}
    word = words[person.presence]
    if person.presence is Presence.AWAY and person.reason:
        word = f"{word} {person.reason}"
    if person.break_asked_at is not None:
        word = f"{word} · asks for a break"
    if person.pending_presence is None:
        return word
    reason = f" {person.pending_reason}" if person.pending_reason else ""
    return f"{word} › {words[person.pending_presence]}{reason} next"


def outcome_word(outcome: Outcome) -> str:
    """Return how sessions ended, in a word or two."""
    return _OUTCOMES[outcome]


def disposition_words(session: SessionView) -> str:
    """Return what a session was said to have been about; that it is missing where the queue asks for it."""
    return "NO DISPOSITION: r writes it up" if session.disposition == NOT_GIVEN else session.disposition


def outcome_words(session: SessionView) -> str:
    """Return how a closed session ended and who ended it."""
    if session.outcome is None:
        return "open"
    word = _OUTCOMES[session.outcome]
    if session.dial is not None and session.dial in _DIALS and session.active_at is None:
        return _DIALS[session.dial]
    if session.outcome is Outcome.RESOLVED and session.medium is Medium.VOICE and session.ended_by is Party.CUSTOMER:
        return f"{word}, caller hung up"
    by = {Party.CUSTOMER: "by the customer", Party.OPERATOR: "by us", Party.ASSISTANT: "by the AI"}
    if session.outcome is Outcome.ENDED and session.ended_by is not None:
        return f"{word} {by.get(session.ended_by, '')}".rstrip()
    return word


def score_words(session: SessionView) -> str:
    """Return how content the customer is: "CSAT 4 of 5"."""
    return f"CSAT {session.score} of 5"


def score_line(session: SessionView) -> str:
    """Return what the customer said of the talk, with their reason; empty when they did not."""
    if not session.score:
        return ""
    return f"{score_words(session)}: {session.score_comment}" if session.score_comment else score_words(session)


def talk_seconds(session: SessionView, now: datetime) -> float:
    """Return how long operator and customer have been (or were) connected."""
    if session.active_at is None:
        return 0.0
    return ((session.ended_at or session.closed_at or now) - session.active_at).total_seconds()


def sign_words(signs: Sequence[Sign]) -> str:
    """Return what the broker saw, the likeliest first: what, why, the words that decided, the score, the turn."""
    return " · ".join(_sign_word(sign) for sign in signs if sign.span or sign.name != "guard")


def _sign_word(sign: Sign) -> str:
    name = sign.name.removeprefix("rule:").replace("_", " ")
    words = f" “{cut_words(sign.span)}”" if sign.span and not sign.name.startswith("rule:") else ""
    score = f" {sign.score:.2f}" if sign.score is not None else ""
    turn = f" (turn {sign.turn})" if sign.turn else ""
    return f"{name}: {sign.reason}{words}{score}{turn}"


def cut_words(text: str, most: int = 48) -> str:
    """Return a text on one line, at most so many characters of it."""
    flat = " ".join(text.split())
    return flat if len(flat) <= most else f"{flat[: most - 1].rstrip()}…"

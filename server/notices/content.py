"""Say what a notice tells about a handoff: the same facts for every way of sending."""

from datetime import datetime
from typing import Final

import msgspec

from server.broker.ports.notices import Notice
from server.wire.sanitize import clean_line, clean_text
from server.wire.terms import Author
from server.wire.views import MessageView, SessionView

LINE_CHARS: Final = 300
"""The longest single fact of a notice for people."""
SUMMARY_CHARS: Final = 1500
TURN_CHARS: Final = 400
TURNS: Final = 6
"""How many of the last turns a notice shows."""
_AUTHORS: Final = {Author.CUSTOMER: "Customer", Author.ASSISTANT: "AI assistant", Author.OPERATOR: "Operator"}


class HandoffFacts(msgspec.Struct, frozen=True, kw_only=True):
    """The `data` of a webhook; times are UTC, durations whole seconds."""

    session_id: str
    number: str
    conversation_id: str
    medium: str
    queue: str
    state: str
    reason: str
    summary: str
    customer: str
    requested_at: datetime
    waited_seconds: int
    talked_seconds: int
    outcome: str
    disposition: str
    note: str
    follow_up: str
    ended_by: str
    operator: str
    follow_up_at: datetime | None
    accept_url: str
    transcript_url: str
    recording_url: str
    voicemail_url: str
    voicemail_seconds: int
    voicemail: str


def facts(notice: Notice) -> HandoffFacts:
    """Return what is told about the notice's session."""
    session = notice.session
    waited_until = session.accepted_at or session.ended_at or notice.at
    return HandoffFacts(
        session_id=session.id,
        number=session.number,
        conversation_id=session.conversation_id,
        medium=session.medium,
        queue=session.queue,
        state=session.state,
        reason=session.reason,
        summary=session.context.summary,
        customer=session.customer.name or session.customer.handle,
        requested_at=session.requested_at,
        waited_seconds=_seconds(session.requested_at, waited_until),
        talked_seconds=_seconds(session.active_at, session.ended_at),
        outcome=session.outcome or "",
        disposition=session.disposition,
        note=session.note,
        follow_up=session.follow_up,
        ended_by=session.ended_by or "",
        operator=notice.operator,
        follow_up_at=session.follow_up_at,
        accept_url=notice.accept_url,
        transcript_url=transcript_url(notice),
        recording_url=recording_url(notice),
        voicemail_url=notice.voicemail_url,
        voicemail_seconds=session.voicemail_seconds,
        voicemail=notice.voicemail,
    )


def transcript_url(notice: Notice) -> str:
    """Return where the turns are read, with a token; empty when the broker's address is not known."""
    return f"{notice.desk_url}/v1/conversations/{notice.session.conversation_id}/messages" if notice.desk_url else ""


def recording_url(notice: Notice) -> str:
    """Return where the recording is heard, with a token; empty when there is none."""
    there = notice.recorded and notice.desk_url
    return f"{notice.desk_url}/v1/sessions/{notice.session.id}/recording" if there else ""


def headline(notice: Notice) -> str:
    """Return the notice in one line."""
    told = facts(notice)
    return clean_line(f"{told.number} {_standing(notice)}: {told.customer or 'A customer'} ({_where(notice)})")


def _standing(notice: Notice) -> str:
    """Return in a few words how the handoff stands."""
    session = notice.session
    if session.outcome:
        return str(session.outcome)
    if session.operator_id:
        return f"accepted by {notice.operator or 'an operator'}"
    if session.acknowledged_by:
        return f"acknowledged by {session.acknowledged_by}"
    return "waits"


def _where(notice: Notice) -> str:
    told = facts(notice)
    waits = not (told.outcome or notice.session.operator_id)
    return f"{told.medium}, queue {told.queue}" + (f", {length(told.waited_seconds)}" if waits else "")


def rows(notice: Notice) -> tuple[tuple[str, str], ...]:
    """Return the facts for people, as a name and a line each, without those there are none of."""
    told = facts(notice)
    found = [
        ("Reason", told.reason),
        ("Summary", clean_text(told.summary, SUMMARY_CHARS, 20) or "none"),
        ("Waited", length(told.waited_seconds)),
    ]
    if told.operator:
        found.append(("Operator", told.operator))
    if told.outcome:
        found += [
            ("Talked", length(told.talked_seconds)),
            ("Ended by", told.ended_by or "nobody"),
            ("Result", told.disposition),
            ("Note", clean_text(told.note, SUMMARY_CHARS, 20)),
            ("Next step", _next_step(notice.session)),
            ("Transcript", told.transcript_url),
            ("Recording", told.recording_url),
            ("Voicemail", told.voicemail_url and f"{told.voicemail_url} ({length(told.voicemail_seconds)})"),
            ("They said", clean_text(told.voicemail, SUMMARY_CHARS, 20)),
        ]
    long = {"Summary", "Note", "They said"}
    return tuple((name, text if name in long else clean_line(text, LINE_CHARS)) for name, text in found if text)


def _next_step(session: SessionView) -> str:
    """Return what is still to be done and by when; says so when it is nothing."""
    if not session.follow_up:
        return "none"
    due = f" (by {session.follow_up_at:%Y-%m-%d %H:%M} UTC)" if session.follow_up_at else ""
    return session.follow_up + due


def last_turns(notice: Notice) -> tuple[tuple[str, str], ...]:
    """Return the end of the conversation: who said it, and what, cut where it is long; no notes of the team."""
    shown = [turn for turn in notice.turns if turn.author in _AUTHORS and turn.text]
    return tuple((_AUTHORS[turn.author], _turn(turn)) for turn in shown[-TURNS:])


def _turn(turn: MessageView) -> str:
    return clean_text(turn.text, TURN_CHARS, 8)


def body(notice: Notice) -> str:
    """Return the notice as lines of plain text."""
    lines = [headline(notice), ""]
    lines += [f"{name + ':':<12}{text}" for name, text in rows(notice)]
    if turns := last_turns(notice):
        lines += ["", "Last turns:", *(f"  {who}: {text}" for who, text in turns)]
    if notice.accept_url:
        lines += ["", f"I take it: {notice.accept_url}"]
    return "\n".join(lines) + "\n"


def length(seconds: int) -> str:
    """Return a duration as people say it."""
    minutes, rest = divmod(seconds, 60)
    return f"{minutes} min {rest:02} s" if minutes else f"{rest} s"


def _seconds(begin: datetime | None, end: datetime | None) -> int:
    return max(int((end - begin).total_seconds()), 0) if begin and end else 0

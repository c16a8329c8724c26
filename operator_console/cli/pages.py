"""Lay out what the broker shows as lines for people: the queue, one session, the history, the team."""

from collections.abc import Sequence
from datetime import datetime

from operator_console.cli.output import table
from operator_console.model.clean import clean_message, clean_operator, clean_session
from operator_console.model.consults import default_words
from operator_console.model.team import pending_words
from operator_console.model.translations import beside_words
from operator_console.model.wording import (
    author_word,
    left_words,
    mark_words,
    mood_word,
    outcome_words,
    promise_words,
    said_words,
    score_line,
    since,
    span,
    summary_words,
    talk_seconds,
    trend,
    who,
)
from server.wire.terms import Author, Medium, OperatorId, Presence, SessionState, Source
from server.wire.views import Context, MessageView, OperatorView, SessionView

_STATES = {
    SessionState.SCREENING: "being screened",
    SessionState.ASKED: "asks",
    SessionState.QUEUED: "waiting",
    SessionState.OFFERED: "rings",
    SessionState.CONNECTING: "connecting",
    SessionState.ACTIVE: "live",
    SessionState.HELD: "on hold",
    SessionState.WRAP_UP: "wrap-up",
    SessionState.CLOSED: "closed",
}
_DUTY = {Presence.AVAILABLE: "on duty", Presence.AWAY: "away", Presence.OFFLINE: "off duty"}


def queue_lines(sessions: Sequence[SessionView], operators: Sequence[OperatorView], now: datetime) -> list[str]:
    """Return the open sessions as a table, in the broker's order."""
    names = {person.id: person.name for person in operators}
    rows = [_queue_row(clean_session(session), names, now) for session in sessions]
    return table(("number", "wait", "medium", "customer", "mood", "state", "reason"), rows)


def _queue_row(session: SessionView, names: dict[OperatorId, str], now: datetime) -> tuple[str, ...]:
    waiting = session.state in {SessionState.SCREENING, SessionState.QUEUED, SessionState.OFFERED}
    start = session.queued_at if waiting else session.active_at or session.accepted_at or session.queued_at
    held = (session.operator_id,) if session.operator_id is not None else ()
    holders = session.rung() if session.state is SessionState.OFFERED else held
    state = _STATES[session.state]
    if session.state is SessionState.ASKED:
        state = f"{session.kind.value}, {left_words(session, now)}"
    if holders:
        at = ", ".join(names.get(one, one) for one in holders)
        state = f"{state} {'at' if waiting else 'with'} {at}"
    return (
        session.number,
        since(start, now),
        session.medium.value,
        who(session.customer),
        mood_word(session.context.mood),
        state,
        session.reason,
    )


def session_lines(
    shown: SessionView, turns: Sequence[MessageView], operators: Sequence[OperatorView], now: datetime
) -> list[str]:
    """Return one session as its card and its conversation."""
    session = clean_session(shown)
    names = {person.id: person.name for person in operators}
    lines = [f"{session.number}  {who(session.customer)}  {session.customer.handle}  {session.medium.value}".rstrip()]
    lines += [f"{name:<10} {value}" for name, value in _card(session, names, now) if value]
    lines += _context(session.context)
    if turns:
        lines += ["", "Conversation"]
        me = session.operator_id or OperatorId("")
        lines += [line for turn in turns for line in turn_lines(clean_message(turn), session.medium, me, names)]
    return lines


def _card(session: SessionView, names: dict[OperatorId, str], now: datetime) -> list[tuple[str, str]]:
    state = _STATES[session.state]
    closed = session.state is SessionState.CLOSED
    asked = session.state is SessionState.ASKED
    operator = session.operator_id
    talked = talk_seconds(session, now)
    return [
        ("State", f"{state}: {outcome_words(session)}" if closed else state),
        ("Why", session.reason),
        ("Answer", f"{left_words(session, now)}; then {default_words(session)}" if asked else ""),
        ("Queue", f"{session.queue}, priority {session.priority}"),
        ("Waited", since(session.queued_at, session.accepted_at or session.closed_at or now)),
        ("Promise", "" if closed or session.accepted_at else promise_words(session, now)),
        ("Operator", names.get(operator, operator) if operator else ""),
        ("Talked", span(talked) if talked else ""),
        ("Muted", "yes" if session.muted else ""),
        ("Follow-up", session.follow_up.replace("\n", " / ")),
        ("About", session.disposition),
        ("Score", score_line(session)),
        ("Note", session.note.replace("\n", " / ")),
    ]


def _context(context: Context) -> list[str]:
    mood = f"{mood_word(context.mood)} {trend(context.mood.course)}".strip()
    lines = [f"{'Mood':<10} {mood}"] if mood else []
    lines += [f"{'Topic':<10} {context.topic}"] if context.topic else []
    lines += [f"{'Summary':<10} {line}" for line in summary_words(context).splitlines() if line]
    lines += [f"{'Fact':<10} {fact.name}: {fact.value}{_source(fact.source)}" for fact in context.facts]
    lines += [f"{'Tried':<10} {step}" for step in context.tried]
    steps = enumerate(context.next_actions, 1)
    lines += [f"{'Next':<10} {number} {step.label}{_source(step.source)}" for number, step in steps]
    return lines


def _source(source: Source) -> str:
    return "" if source is Source.ASSISTANT else f" ({source.value})"


def turn_lines(turn: MessageView, medium: Medium, me: OperatorId, names: dict[OperatorId, str]) -> list[str]:
    """Return one turn, its first line with time and speaker."""
    speaker = names.get(turn.operator_id, "") if turn.operator_id else ""
    speaker = speaker or turn.author_name or author_word(turn, medium, me)
    if turn.author is Author.NOTE:
        speaker = f"Note by {speaker}" if turn.operator_id or turn.author_name else speaker
    told, beside = mark_words(turn), beside_words(turn)
    first, *more = said_words(turn).split("\n")
    head = f"{turn.at.astimezone():%H:%M:%S} {speaker}: {first}"
    return [
        *([head] + [f"         {line}" for line in more]),
        *([f"         [{told}]"] if told else []),
        *(f"         {line}" for line in beside.splitlines()),
    ]


def history_lines(sessions: Sequence[SessionView], operators: Sequence[OperatorView], now: datetime) -> list[str]:
    """Return closed sessions as a table, in the broker's order."""
    names = {person.id: person.name for person in operators}
    rows = [_history_row(clean_session(session), names, now) for session in sessions]
    return table(("number", "closed", "medium", "customer", "outcome", "operator", "talked", "reason"), rows)


def _history_row(session: SessionView, names: dict[OperatorId, str], now: datetime) -> tuple[str, ...]:
    closed = session.closed_at or session.ended_at
    operator = session.operator_id
    return (
        session.number,
        f"{closed.astimezone():%Y-%m-%d %H:%M}" if closed else "",
        session.medium.value,
        who(session.customer),
        outcome_words(session),
        names.get(operator, operator) if operator else "",
        span(talk_seconds(session, now)),
        session.reason,
    )


def team_lines(operators: Sequence[OperatorView], now: datetime) -> list[str]:
    """Return the roster as a table."""
    rows = [_team_row(clean_operator(person), now) for person in operators]
    return table(("name", "role", "duty", "since", "console", "sessions", "then", "asks"), rows)


def _team_row(person: OperatorView, now: datetime) -> tuple[str, ...]:
    duty = _DUTY[person.presence]
    return (
        person.name,
        person.role.value,
        f"{duty}: {person.reason}" if person.reason else duty,
        since(person.since, now),
        "open" if person.connected else "-",
        str(len(person.sessions)),
        pending_words(person).removeprefix("then ").lower(),
        f"{person.break_reason} {since(person.break_asked_at, now)}" if person.break_asked_at else "",
    )

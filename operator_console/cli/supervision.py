"""Give supervisors their commands: the wall, the audit, taking over, ending a wrap-up."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from operator_console.cli import output
from operator_console.cli.invocation import Invocation, new_id
from operator_console.cli.options import Json, Ref
from operator_console.cli.orders import give, told
from operator_console.cli.refs import find
from operator_console.clock import SystemClock
from operator_console.model.clean import clean_operator, clean_session, clean_wall, line
from operator_console.model.team import presence_words
from operator_console.model.wall import FIGURES, doing_since, figure_words, held
from operator_console.model.wording import mood_word, since, who
from server.wire.audit import AuditPage, AuditView
from server.wire.commands import Command, ForceWrapUp, TakeOver
from server.wire.frames import Snapshot
from server.wire.terms import SessionState
from server.wire.view import View
from server.wire.views import OperatorView, SessionView
from server.wire.wall import WallView

if TYPE_CHECKING:
    from operator_console.client.rest import RestClient

Why = Annotated[str, typer.Option("--reason", help="Why; it is recorded.")]


class ShownWall(View, frozen=True, kw_only=True):
    """What `wall --json` prints: the figures of the queues, everybody, and what is in their hands."""

    wall: WallView
    operators: tuple[OperatorView, ...] = ()
    sessions: tuple[SessionView, ...] = ()


def add_to(app: typer.Typer) -> None:
    """Offer these commands."""
    for command in (wall, audit, take_over, force_wrap_up):
        app.command()(command)


def wall(
    context: typer.Context,
    *,
    plain: Annotated[bool, typer.Option("--plain", help="Sentences instead of columns, for a screen reader.")] = False,
    as_json: Json = False,
) -> None:
    """Show how the queues stand today and who does what now (supervisors)."""

    async def ask(client: "RestClient") -> ShownWall:
        figures, people, sessions = await asyncio.gather(client.wall(), client.operators(), client.sessions())
        return ShownWall(wall=figures, operators=people, sessions=sessions)

    shown = _invocation(context).ask(ask)
    if as_json:
        output.data(shown)
        return
    now = SystemClock().now()
    output.lines(plain_lines(shown, now) if plain else wall_lines(shown, now))


def wall_lines(shown: ShownWall, now: datetime) -> list[str]:
    """Return the wall as two tables."""
    figures = clean_wall(shown.wall)
    queues = (*figures.queues, figures.total) if len(figures.queues) != 1 else figures.queues
    people = [row for person in shown.operators for row in _person_rows(clean_operator(person), shown.sessions, now)]
    return [
        *output.table(FIGURES, [figure_words(queue, now) for queue in queues]),
        "",
        *output.table(("name", "duty", "since", "number", "medium", "customer", "state", "for", "mood"), people),
    ]


def _person_rows(person: OperatorView, sessions: Sequence[SessionView], now: datetime) -> list[tuple[str, ...]]:
    known = (person.name, presence_words(person), since(person.since, now))
    work = held(map(clean_session, sessions)).get(person.id, [])
    return [(*known, *_work_cells(session, now)) for session in work] or [(*known, "", "", "", "free", "", "")]


def _work_cells(session: SessionView, now: datetime) -> tuple[str, ...]:
    for_so_long, mood = since(doing_since(session), now), mood_word(session.context.mood)
    return (session.number, session.medium.value, who(session.customer), _state(session), for_so_long, mood)


def _state(session: SessionView) -> str:
    words = {SessionState.ACTIVE: "live", SessionState.HELD: "on hold", SessionState.WRAP_UP: "wrap-up"}
    return words.get(session.state, session.state.value)


def plain_lines(shown: ShownWall, now: datetime) -> list[str]:
    """Return the wall as sentences, one a queue and one a person's session."""
    names = ("waiting", "longest wait", "in talks", "answered", "SL", "SL2", "ASA", "abandoned", "left soon", "CSAT")
    figures = clean_wall(shown.wall)
    lines: list[str] = []
    for queue in (*figures.queues, figures.total):
        name, *words = figure_words(queue, now)
        told = ", ".join(f"{what} {word}" for what, word in zip(names, words, strict=True) if word != "-")
        lines.append(f"Queue {name}: {told}.")
    for person in shown.operators:
        for row in _person_rows(clean_operator(person), shown.sessions, now):
            name, duty, for_so_long, number, medium, customer, state, talks, mood = row
            work = f"{state} {talks} with {customer} in {number} ({medium})" if number else "free"
            lines.append(f"{name}: {duty} for {for_so_long}; {work}{f', {mood}' if mood else ''}.")
    return lines


def audit(
    context: typer.Context,
    *,
    session: Annotated[str, typer.Option(help="Only of this session: H-0042, 42, or its id.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=200, help="How many at most.")] = 50,
    before: Annotated[str, typer.Option(help="Read on: `next_before` of the page before.")] = "",
    as_json: Json = False,
) -> None:
    """List what supervisors did, newest first (supervisors)."""

    async def ask(client: "RestClient") -> AuditPage:
        return await client.audit(session, before, limit)

    page = _invocation(context).ask(ask)
    if as_json:
        output.data(page)
        return
    output.lines(output.table(("when", "who", "did", "in", "of", "why"), [_audit_row(one) for one in page.records]))
    if page.next_before:
        output.talk(f"There is more: --before {page.next_before}")
    if not page.records:
        output.talk("Nothing is recorded.")


def _audit_row(record: AuditView) -> tuple[str, ...]:
    deed = record.action.value.replace("_", " ")
    at = f"{record.at.astimezone():%Y-%m-%d %H:%M:%S}"
    return (
        at,
        line(record.actor_name),
        deed,
        record.number or record.about,
        line(record.subject_name),
        line(record.reason),
    )


def take_over(context: typer.Context, ref: Ref, *, reason: Why = "", as_json: Json = False) -> None:
    """Take another's session over (supervisors); a call's audio then opens in your console."""

    def choose(snapshot: Snapshot) -> Command:
        session = find(ref, snapshot.sessions)
        return TakeOver(id=new_id(), session_id=session.id, epoch=session.epoch, reason=reason)

    told(give(_invocation(context), choose), "It is yours.", as_json=as_json)


def force_wrap_up(
    context: typer.Context,
    ref: Ref,
    *,
    reason: Annotated[str, typer.Option("--reason", help="Why; it is recorded.", show_default=False)],
    as_json: Json = False,
) -> None:
    """End another's wrap-up, with a reason (supervisors)."""

    def choose(snapshot: Snapshot) -> Command:
        session = find(ref, snapshot.sessions)
        return ForceWrapUp(id=new_id(), session_id=session.id, epoch=session.epoch, reason=reason)

    told(give(_invocation(context), choose), "Closed.", as_json=as_json)


def _invocation(context: typer.Context) -> Invocation:
    return context.find_root().ensure_object(Invocation)

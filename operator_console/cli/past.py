"""Look back on the command line: search, contacts, follow-ups; and what can be done about them."""

from typing import TYPE_CHECKING, Annotated

import typer

from operator_console.cli import output, past_pages
from operator_console.cli.failure import CommandError
from operator_console.cli.invocation import Invocation, new_id
from operator_console.cli.options import Disposition, Json, Note, Ref
from operator_console.cli.orders import give, told
from operator_console.clock import SystemClock
from operator_console.model.when import FORMS, read_when
from server.wire.commands import Command, FinishWrapUp, FollowUp, FollowUpDone, LinkTicket, RingBack
from server.wire.errors import ErrorBody
from server.wire.history import ContactPage, SearchPage
from server.wire.views import Page, SessionView

if TYPE_CHECKING:
    from collections.abc import Callable

    from operator_console.client.rest import RestClient


def add_to(app: typer.Typer) -> None:
    """Offer these commands."""
    for command in (search, contact, followups, link):
        app.command()(command)
    app.command("follow-up")(follow_up)
    app.command("ring-back")(ring_back)
    app.command("wrap-up")(wrap_up)


def search(
    context: typer.Context,
    words: Annotated[list[str], typer.Argument(help='Words that must all be there; "a phrase", begin*.')],
    *,
    newest: Annotated[bool, typer.Option("--newest", help="Newest first, not what fits best.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=100, help="How many at most.")] = 20,
    after: Annotated[str, typer.Option(help="Read on: `next_after` of the page before.")] = "",
    as_json: Json = False,
) -> None:
    """Find turns of any conversation, old or new, by their words."""

    async def ask(client: "RestClient") -> SearchPage:
        return await client.search(" ".join(words), after, newest=newest, limit=limit)

    page = _invocation(context).ask(ask)
    if as_json:
        output.data(page)
        return
    output.lines(past_pages.found_lines(page.found))
    if not page.found:
        output.talk("Nothing was found.")
    if page.next_after:
        output.talk(f"There is more: --after {page.next_after}")


def contact(
    context: typer.Context,
    who: Annotated[str, typer.Argument(help="A session (H-0042), a number, a mail address, or how a name begins.")],
    *,
    as_json: Json = False,
) -> None:
    """Show a contact: every conversation and handoff, notes, follow-ups, tickets."""

    async def ask(client: "RestClient") -> ContactPage:
        return await client.contact_of(who)

    page = _invocation(context).ask(ask)
    if as_json:
        output.data(page)
        return
    output.lines(past_pages.contact_lines(page, SystemClock().now()))


def followups(
    context: typer.Context,
    *,
    limit: Annotated[int, typer.Option(min=1, max=200, help="How many at most.")] = 100,
    done: Annotated[str, typer.Option("--done", metavar="ID", help="Say that this session's is done.")] = "",
    as_json: Json = False,
) -> None:
    """List what is still to be done, the one due first at the top."""
    if done:
        _order(
            context, done, lambda one, id_: FollowUpDone(id=id_, session_id=one.id, epoch=one.epoch), "Done.", as_json
        )
        return

    async def ask(client: "RestClient") -> Page:
        return await client.follow_ups(limit=limit)

    page = _invocation(context).ask(ask)
    if as_json:
        output.data(page)
        return
    output.lines(past_pages.follow_up_lines(page.sessions, SystemClock().now()))
    if not page.sessions:
        output.talk("Nothing is pending.")


def follow_up(
    context: typer.Context,
    ref: Ref,
    text: Annotated[list[str] | None, typer.Argument(help="What is still to be done; nothing takes it back.")] = None,
    *,
    at: Annotated[str, typer.Option("--at", help=f"When it is due: {FORMS}. Left out: at once.")] = "",
    as_json: Json = False,
) -> None:
    """Say what is still to be done for a session, open or closed."""
    due = read_when(at, SystemClock().now(), None) if at else None
    if at and due is None:
        raise CommandError(ErrorBody("bad_date", f"{at[:60]} is no date.", f"Write {FORMS}."))
    said = " ".join(text or ())
    _order(
        context,
        ref,
        lambda one, id_: FollowUp(id=id_, session_id=one.id, epoch=one.epoch, text=said, at=due),
        "Kept." if said else "Nothing is pending any more.",
        as_json,
    )


def link(
    context: typer.Context,
    ref: Ref,
    system: Annotated[str, typer.Argument(help="The ticket's system, for example jira.")],
    reference: Annotated[str, typer.Argument(help="The ticket's number or address.")],
    *,
    remove: Annotated[bool, typer.Option("--remove", help="Take the link away.")] = False,
    as_json: Json = False,
) -> None:
    """Link a ticket of another system to a session, open or closed."""

    def make(one: SessionView, id_: str) -> Command:
        return LinkTicket(id=id_, session_id=one.id, epoch=one.epoch, system=system, reference=reference, remove=remove)

    _order(context, ref, make, "Taken away." if remove else "Linked.", as_json)


def ring_back(context: typer.Context, ref: Ref, *, as_json: Json = False) -> None:
    """Call the customer of a session; your open console takes the audio."""
    _order(context, ref, lambda one, id_: RingBack(id=id_, session_id=one.id, epoch=one.epoch), "It rings.", as_json)


def wrap_up(
    context: typer.Context, ref: Ref, *, note: Note = "", about: Disposition = "", as_json: Json = False
) -> None:
    """Finish writing up, and close the session; a closed one that lacks its disposition gets it."""
    _order(
        context,
        ref,
        lambda one, id_: FinishWrapUp(id=id_, session_id=one.id, epoch=one.epoch, note=note, disposition=about),
        "Written up.",
        as_json,
    )


def _order(
    context: typer.Context, ref: str, make: "Callable[[SessionView, str], Command]", words: str, as_json: bool
) -> None:
    invocation = _invocation(context)

    async def ask(client: "RestClient") -> SessionView:
        return await client.session(ref)

    session = invocation.ask(ask)
    told(give(invocation, lambda _snapshot: make(session, new_id())), words, as_json=as_json)


def _invocation(context: typer.Context) -> Invocation:
    return context.find_root().ensure_object(Invocation)

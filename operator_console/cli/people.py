"""Give orders about people on the command line: one's own duty, and breaks that are asked for and decided."""

from enum import StrEnum
from typing import Annotated, Final

import typer

from operator_console.cli.failure import CommandError
from operator_console.cli.invocation import Invocation, new_id
from operator_console.cli.options import Json
from operator_console.cli.orders import give, told
from operator_console.model.clean import clean_operator
from operator_console.model.wording import duty_words
from server.wire.commands import AskBreak, Command, DecideBreak, SetPresence
from server.wire.errors import ErrorBody
from server.wire.frames import Reply, Snapshot
from server.wire.terms import Presence
from server.wire.views import OperatorView

Person = Annotated[str, typer.Argument(help="The operator's name, or the beginning of it.")]


class Duty(StrEnum):
    """What an operator can say about being rung."""

    ON = "on"
    OFF = "off"
    AWAY = "away"
    KEEP = "keep"


_PRESENCES: Final = {Duty.ON: Presence.AVAILABLE, Duty.OFF: Presence.OFFLINE, Duty.AWAY: Presence.AWAY}
_WORDS: Final = {
    Duty.ON: "You are on duty.",
    Duty.OFF: "You are off duty.",
    Duty.AWAY: "You are away.",
    Duty.KEEP: "Nothing changes.",
}


def add_to(app: typer.Typer) -> None:
    """Offer these commands."""
    app.command()(duty)
    breaks = typer.Typer(name="break", help="Ask for a break; supervisors grant or deny it.", no_args_is_help=True)
    for command in (ask, withdraw, grant, deny):
        breaks.command()(command)
    app.add_typer(breaks)


def duty(
    context: typer.Context,
    wanted: Annotated[Duty, typer.Argument(help="on: ring me. away: not now. off: I have left. keep: no change.")],
    *,
    reason: Annotated[str, typer.Option(help="Why you are away.")] = "",
    as_json: Json = False,
) -> None:
    """Go on duty, away, or off duty; keep cancels what was to come after your work."""

    def choose(snapshot: Snapshot) -> Command:
        me = next((person for person in snapshot.operators if person.id == snapshot.me), None)
        if wanted is Duty.KEEP and me is not None:
            return SetPresence(id=new_id(), presence=me.presence, reason=me.reason)
        return SetPresence(id=new_id(), presence=_PRESENCES.get(wanted, Presence.AVAILABLE), reason=reason)

    invocation = context.find_root().ensure_object(Invocation)
    if wanted is Duty.ON:
        from operator_console.cli.sound import check_before_duty  # noqa: PLC0415 - only this needs the sound

        check_before_duty(invocation)
    reply = give(invocation, choose)
    told(reply, _later(reply) or _WORDS[wanted], as_json=as_json)


def _later(reply: Reply) -> str:
    """Return what takes effect only after the work in hand; empty when it is in force."""
    person = reply.operator
    if person is None or person.pending_presence is None:
        return ""
    return f"After your work in hand. Now: {duty_words(clean_operator(person))}."


def ask(
    context: typer.Context,
    reason: Annotated[list[str] | None, typer.Argument(help="Why.")] = None,
    *,
    as_json: Json = False,
) -> None:
    """Ask a supervisor for a break."""
    order = AskBreak(id=new_id(), reason=" ".join(reason or ()))
    told(_give(context, order), "Asked: a supervisor decides.", as_json=as_json)


def withdraw(context: typer.Context, *, as_json: Json = False) -> None:
    """Take your request for a break back."""
    told(_give(context, AskBreak(id=new_id(), on=False)), "Taken back.", as_json=as_json)


def grant(context: typer.Context, person: Person, *, as_json: Json = False) -> None:
    """Grant an operator's break."""
    _decide(context, person, "", granted=True, as_json=as_json)


def deny(
    context: typer.Context,
    person: Person,
    *,
    why: Annotated[str, typer.Option(help="What the operator reads.")] = "",
    as_json: Json = False,
) -> None:
    """Deny an operator's break."""
    _decide(context, person, why, granted=False, as_json=as_json)


def _give(context: typer.Context, command: Command) -> Reply:
    return give(context.find_root().ensure_object(Invocation), lambda _: command)


def _decide(context: typer.Context, name: str, note: str, *, granted: bool, as_json: bool) -> None:
    def choose(snapshot: Snapshot) -> Command:
        person = person_named(snapshot.operators, name)
        return DecideBreak(id=new_id(), operator_id=person.id, granted=granted, note=note)

    reply = give(context.find_root().ensure_object(Invocation), choose)
    told(reply, _later(reply) or ("Granted." if granted else "Denied."), as_json=as_json)


def person_named(people: tuple[OperatorView, ...], name: str) -> OperatorView:
    """Return the one operator whose name is this, or begins with it.

    Raises:
        CommandError: `no_such_operator`, `which_operator`.
    """
    wanted = name.strip().removeprefix("@").casefold()
    exact = [person for person in people if person.name.casefold() == wanted]
    found = exact or [person for person in people if wanted and person.name.casefold().startswith(wanted)]
    if len(found) == 1:
        return found[0]
    names = ", ".join(sorted(person.name for person in found or people)[:8])
    if found:
        raise CommandError(ErrorBody("which_operator", f"{name} may be {names}.", "Write more of the name."), 409)
    raise CommandError(ErrorBody("no_such_operator", f"Nobody is called {name}.", f"There are: {names}."), 404)

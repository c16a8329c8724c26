"""Offer `operator-server policy`: what a queue does with who waits, second by second."""

import json
import os
from pathlib import Path
from typing import Annotated

import typer

from server.cli.exits import Exit
from server.cli.rehearse import rehearse
from server.cli.talk import errors_told, say
from server.cli.timeline import Band, as_svg, as_text
from server.core.policy import (
    Action,
    BookBack,
    CallOut,
    Expire,
    Happening,
    Line,
    Notify,
    Overflow,
    Tell,
    Voicemail,
    explain,
)

app = typer.Typer(help="What happens to who waits, second by second.", no_args_is_help=True)
app.command()(rehearse)

ConfigOption = Annotated[
    Path | None, typer.Option("--config", "-c", help="Configuration file; else $OPERATOR_CONFIG; else the defaults.")
]
CIRCUMSTANCES = (
    ("open, somebody is on duty, but nobody takes it", "open", {"on_duty": True, "is_open": True}),
    ("open, nobody is on duty", "nobody_on_duty", {"on_duty": False, "is_open": True}),
    ("closed", "closed", {"on_duty": False, "is_open": False}),
)
"""The circumstances that are explained: in words, in short for machines, and as the core takes them."""


@app.command(name="explain")
def explain_queue(
    queue: Annotated[str, typer.Argument(help="Name of the queue.")] = "default",
    config: ConfigOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    svg: Annotated[Path | None, typer.Option("--svg", help="Write the timelines as a picture into this file.")] = None,
) -> None:
    """Print what happens to a customer of this queue whom nobody takes, in each circumstance, up to the end."""
    lines = _lines(config)
    if queue not in lines:
        say(f"operator-server: there is no queue {queue!r}. There are: {', '.join(sorted(lines))}.")
        raise typer.Exit(Exit.REFUSED)
    told = {short: explain(lines, queue, **how) for _, short, how in CIRCUMSTANCES}
    if as_json:
        print(json.dumps({short: [_as_json(one) for one in happenings] for short, happenings in told.items()}))
        return
    bands = [
        Band(words, tuple((one.at_seconds, _in_words(one)) for one in told[short])) for words, short, _ in CIRCUMSTANCES
    ]
    if svg is not None:
        _write(svg, as_svg(f"Queue {queue}: what happens to who waits", bands))
    for band, (words, short, _) in zip(bands, CIRCUMSTANCES, strict=True):
        print(f"Queue {queue}, {words}:")
        print("\n".join(as_text(band)))
        for happening in told[short]:
            print(f"  {_moment(happening.at_seconds):>9}  {_in_words(happening)}")
        print()


@app.command()
def check(config: ConfigOption = None) -> None:
    """Check every queue's policy; ends with 78 and the path when one cannot be carried out."""
    lines = _lines(config)
    print(f"Every policy holds: {', '.join(sorted(lines))}.")


def _lines(config: Path | None) -> dict[str, Line]:
    from server.config import load  # noqa: PLC0415 - the other commands start without it
    from server.policies import lines_of  # noqa: PLC0415

    with errors_told():
        return lines_of(load(config, os.environ).settings)


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        say(f"operator-server: {path} cannot be written: {error.strerror}.")
        raise typer.Exit(Exit.REFUSED) from error


def _moment(seconds: float) -> str:
    minutes, rest = divmod(seconds, 60)
    return f"{int(minutes)}:{rest:04.1f}" if rest % 1 else f"{int(minutes)}:{int(rest):02}"


def _in_words(happening: Happening) -> str:  # noqa: PLR0911 - one for each action
    match happening.action:
        case Tell(text=text):
            return f"the customer is told: {text}"
        case Notify(destinations=destinations, repeat_seconds=again):
            more = f", again every {again:g} s" if again else ""
            return f"a notice goes to {', '.join(destinations)}{more}, unless somebody has taken it"
        case CallOut(to=to, ring_seconds=rings, confirm_seconds=thinks):
            asked = f", and has {thinks:g} s to press 1" if thinks else ""
            return f"{to} is called for up to {rings:g} s{asked}; whoever takes the call gets the caller (calls only)"
        case BookBack(offer=offer):
            return (
                "a caller whose number is known is called back at their place in the queue, and waits no longer; "
                f"others are told: {offer}"
            )
        case Overflow(queue=queue):
            return f"it goes on waiting in queue {queue}, at its place"
        case Voicemail():
            return "a caller is asked to leave a message; a chat waits on"
        case Expire():
            return "the wait ends: the customer is told and goes back to the assistant"


def _as_json(happening: Happening) -> dict[str, object]:
    return {"at_seconds": happening.at_seconds, "queue": happening.queue, **_action(happening.action)}


def _action(action: Action) -> dict[str, object]:  # noqa: PLR0911 - one for each action
    match action:
        case Tell(text=text):
            return {"do": "tell", "text": text}
        case Notify(destinations=destinations, repeat_seconds=again):
            return {"do": "notify", "destinations": list(destinations), "repeat_seconds": again}
        case CallOut(to=to, ring_seconds=rings, confirm_seconds=thinks, destinations=destinations):
            return {
                "do": "transfer",
                "to": to,
                "ring_seconds": rings,
                "confirm_seconds": thinks,
                "destinations": list(destinations),
            }
        case BookBack(text=text, offer=offer):
            return {"do": "callback", "text": text, "offer": offer}
        case Overflow(queue=queue):
            return {"do": "overflow", "to": queue}
        case Voicemail():
            return {"do": "voicemail"}
        case Expire():
            return {"do": "expire"}

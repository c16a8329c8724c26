"""Offer `operator-server on-call`: who is on call, now or at another time."""

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from server.cli.exits import Exit
from server.cli.talk import errors_told, say
from server.clock import SystemClock
from server.core.on_call import Level, Schedule, Turn, instant

app = typer.Typer(help="Who is on call.", no_args_is_help=True)


@app.callback()
def on_call() -> None:
    """Who is on call."""


@app.command()
def show(
    name: Annotated[str, typer.Argument(help="Name of the schedule: of [on_call.NAME].")],
    at: Annotated[
        str, typer.Option("--at", help='By the clock of its time zone, such as "2026-12-24 18:00"; else now.')
    ] = "",
    config: Annotated[
        Path | None,
        typer.Option("--config", "-c", help="Configuration file; else $OPERATOR_CONFIG; else the defaults."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Print who is on call at each level, until when, and who comes next."""
    schedules = _schedules(config)
    if name not in schedules:
        known = ", ".join(sorted(schedules)) or "none yet; write a section [on_call.NAME]"
        say(f"operator-server: there is no schedule {name!r}. There are: {known}.")
        raise typer.Exit(Exit.REFUSED)
    schedule = schedules[name]
    moment = _moment(at, schedule)
    turns = [_now_and_next(schedule, level, moment) for level in schedule.levels]
    if as_json:
        print(json.dumps([_as_json(level, *both) for level, both in zip(schedule.levels, turns, strict=True)]))
        return
    print(f"{name}, {_wall(moment, schedule)} ({schedule.zone}):")
    for number, (level, (now, following)) in enumerate(zip(schedule.levels, turns, strict=True), start=1):
        when = "at once" if not level.after_seconds else f"after {level.after_seconds / 60:g} min"
        until = f" until {_wall(now.end, schedule)}" if now.end else ""
        then = f", then {', '.join(following.people)}" if following else ""
        print(f"  level {number} ({when}): {', '.join(now.people)}{until}{then}")


def _schedules(config: Path | None) -> dict[str, Schedule]:
    from server.config import load  # noqa: PLC0415 - the other commands start without it
    from server.on_call import schedules_of  # noqa: PLC0415

    with errors_told():
        return schedules_of(load(config, os.environ).settings)


def _moment(at: str, schedule: Schedule) -> datetime:
    if not at:
        return SystemClock().now()
    try:
        found = datetime.fromisoformat(at)
    except ValueError as error:
        say(f'operator-server: --at {at!r} is no time. Write one such as "2026-12-24 18:00".')
        raise typer.Exit(Exit.USAGE) from error
    return found.astimezone(UTC) if found.tzinfo else instant(found, schedule.zone)


def _now_and_next(schedule: Schedule, level: Level, at: datetime) -> tuple[Turn, Turn | None]:
    now = level.turn(at, schedule.zone)
    return now, level.turn(now.end, schedule.zone) if now.end else None


def _wall(at: datetime, schedule: Schedule) -> str:
    return f"{at.astimezone(schedule.zone):%a %Y-%m-%d %H:%M}"


def _as_json(level: Level, now: Turn, following: Turn | None) -> dict[str, object]:
    return {
        "after_seconds": level.after_seconds,
        "repeat_seconds": level.repeat_seconds,
        "now": list(now.people),
        "until": now.end.isoformat() if now.end else None,
        "next": list(following.people) if following else [],
    }

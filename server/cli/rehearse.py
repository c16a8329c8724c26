"""Offer `operator-server policy rehearse` and `bench simulate`: days of handoffs in virtual time."""

import json
import os
import random
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from server.cli.exits import Exit
from server.cli.talk import errors_told, say
from server.core.errors import CallerError

if TYPE_CHECKING:
    from server.core.session import Rules
    from server.rehearsal.played import Played

CHUNK: Final = 10_000
"""Handoffs of one simulated stretch: what a resumed simulation begins anew at most."""
BEGIN: Final = datetime(2026, 11, 20, tzinfo=UTC)
"""The made-up day."""

ConfigOption = Annotated[Path | None, typer.Option("--config", "-c", help="Configuration file.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def rehearse(  # noqa: PLR0917 - options of a command line
    calls: Annotated[Path | None, typer.Option("--calls", help="CSV of the calls: at, queue, medium, … .")] = None,
    made_up: Annotated[int, typer.Option("--made-up", min=1, help="Without --calls: so many made-up ones.")] = 1000,
    staff: Annotated[Path | None, typer.Option("--staff", help="CSV of the shifts: name, from, to, …")] = None,
    operators: Annotated[int, typer.Option(min=0, help="Without --staff: so many, on for the whole time.")] = 10,
    cost: Annotated[
        list[str] | None, typer.Option("--cost", help="What one notice costs, DESTINATION=0.07; again for others.")
    ] = None,
    misses: Annotated[float, typer.Option(min=0, max=1, help="Share of the rings that nobody answers.")] = 0.0,
    zone: Annotated[str, typer.Option("--zone", help="Whose hours the picture shows.")] = "UTC",
    seed: Annotated[int, typer.Option(help="Another one gives another made-up day.")] = 1,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Play calls through the queues, policies and routing of a configuration, and print what would have come of it."""
    from server.cli.report import zone_of  # noqa: PLC0415
    from server.config import load  # noqa: PLC0415
    from server.desk_rules import rules_of  # noqa: PLC0415 - the other commands start without it
    from server.rehearsal.desk import RehearsedDesk  # noqa: PLC0415
    from server.rehearsal.people import People  # noqa: PLC0415
    from server.rehearsal.traffic import Shift, read_calls, read_staff  # noqa: PLC0415
    from server.rehearsal.traffic import made_up as invent  # noqa: PLC0415

    with errors_told():
        clock, prices = zone_of(zone), prices_of(cost or [])
        settings = load(config, os.environ).settings
        rules = rules_of(settings)
        chance = random.Random(seed)  # noqa: S311 - a made-up day, the same each time
        named = sorted(settings.queues) or ["default"]
        coming = read_calls(calls) if calls else list(invent(BEGIN, made_up, chance, named))
        if not coming:
            raise CallerError("no_calls", "There are no calls in the file.", "Write a line for each.")
        first, last = coming[0].at, coming[-1].at
        always = [Shift(name=f"operator {n}", begin=first, end=last + timedelta(days=1)) for n in range(operators)]
        shifts = read_staff(staff) if staff else always
        desk = RehearsedDesk(rules, People(misses=misses), seed=seed)
        played = desk.run(coming, shifts, progress_of(len(coming)))
        _tell(played, rules, prices, clock.key, as_json=as_json)


def _tell(played: "Played", rules: "Rules", prices: dict[str, float], zone: str, *, as_json: bool) -> None:
    """Print what a rehearsal came to; ends with 1 when a handoff had no end."""
    from zoneinfo import ZoneInfo  # noqa: PLC0415

    import msgspec  # noqa: PLC0415

    from server.cli.report import picture  # noqa: PLC0415
    from server.core.report import TalkCounts, report  # noqa: PLC0415

    rows = sorted(played.rows, key=lambda row: (row.requested_at, row.number))
    clock = ZoneInfo(zone)
    since = rows[0].requested_at.astimezone(clock).replace(minute=0, second=0, microsecond=0).astimezone(UTC)
    until = rows[-1].requested_at + timedelta(hours=1)
    found = report(rows, TalkCounts(), rules, since=since, until=until)
    notices = {
        name: {"sent": count, "cost": round(count * prices.get(name, 0.0), 2)}
        for name, count in sorted(played.notices.items())
    }
    if as_json:
        told = {"report": json.loads(msgspec.json.encode(found)), "notices": notices, "told": played.told}
        print(json.dumps({**told, "stuck": len(played.stuck)}))
    else:
        lines = picture(found, clock)
        print("\n".join(line for line in lines if not line.startswith(("Conversations", "AI alone", "Handed over"))))
        for name, one in notices.items():
            print(f"Notices to {name}: {one['sent']}, cost {one['cost']:.2f}")
        print(f"Lines told to waiting customers: {played.told}")
    if played.stuck:
        first = played.stuck[0].number
        say(f"{len(played.stuck)} handoffs have no end, the first is H-{first:04d}: please report this.")
        raise typer.Exit(Exit.FAILED)


def prices_of(texts: Sequence[str]) -> dict[str, float]:
    """Return what notices cost, by destination.

    Raises:
        CallerError: `bad_cost`.
    """
    found: dict[str, float] = {}
    for text in texts:
        name, _, price = text.partition("=")
        try:
            found[name] = float(price)
        except ValueError as error:
            raise CallerError("bad_cost", f"{text!r} is no cost.", "Write for example --cost oncall=0.07.") from error
    return found


def progress_of(total: int) -> Callable[[int], None]:
    """Return what shows on stderr how far a rehearsal has got, once a second."""
    shown = [time.monotonic()]

    def progress(done: int) -> None:
        now = time.monotonic()
        if now - shown[0] >= 1 or done == total:
            shown[0] = now
            end = "\n" if done == total else "\r"
            print(f"\rrehearsed {done:,} of {total:,} calls ({100 * done // total} %)", end=end, file=sys.stderr)

    return progress


def simulate(
    handoffs: Annotated[int, typer.Option(min=1, help="How many.")] = 100_000,
    operators: Annotated[int, typer.Option(min=1, help="How many are on at once.")] = 20,
    jobs: Annotated[int, typer.Option(min=1, max=256, help="So many processes at once.")] = 1,
    state: Annotated[
        Path | None, typer.Option("--state", help="Keeps what was done: stopped, it goes on from there.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Play made-up handoffs while everything breaks that can, and count those without an outcome."""
    with errors_told():
        done = _done(state)
        pool = ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) if jobs > 1 else None
        while done["handoffs"] < handoffs:
            wave = pieces(done["stretches"], handoffs - done["handoffs"], jobs)
            each = partial(play, operators=operators)
            found = map(each, wave) if pool is None else pool.map(each, wave)
            for (count, _), (steps, stuck) in zip(wave, found, strict=True):
                done = added(done, count, steps, stuck)
            if state is not None:
                _keep(state, done)
            print(f"\rsimulated {done['handoffs']:,} of {handoffs:,} handoffs", end="", file=sys.stderr)
        if pool is not None:
            pool.shutdown()
        say("")
        if as_json:
            print(json.dumps(done))
        else:
            print(f"{done['handoffs']:,} handoffs, {done['steps']:,} steps, {done['stuck']} without an outcome")
    if done["stuck"]:
        raise typer.Exit(Exit.FAILED)


def _done(state: Path | None) -> dict[str, int]:
    """Return what a former simulation has done.

    Raises:
        CallerError: `bad_state`.
    """
    nothing = {"handoffs": 0, "steps": 0, "stuck": 0, "stretches": 0}
    if state is None or not state.exists():
        return nothing
    try:
        found = json.loads(state.read_text(encoding="utf-8"))
        return {name: int(found[name]) for name in nothing}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CallerError("bad_state", f"{state} is no state of a simulation.", "Name another file.") from error


def _keep(state: Path, done: dict[str, int]) -> None:
    """Write down what is done, whole or not at all.

    Raises:
        CallerError: `bad_state`.
    """
    beside = state.with_name(f"{state.name}.new")
    try:
        beside.write_text(json.dumps(done), encoding="utf-8")
        beside.replace(state)
    except OSError as error:
        hint = "Name a file in a folder of yours."
        raise CallerError("bad_state", f"{state} cannot be written: {error.strerror}.", hint) from error


def pieces(stretches: int, left: int, jobs: int) -> list[tuple[int, int]]:
    """Return the next stretches, one for each process: how many handoffs, and the seed that is this stretch's own."""
    counts = [min(CHUNK, max(left - CHUNK * number, 0)) for number in range(jobs)]
    return [(count, stretches + number) for number, count in enumerate(counts, start=1) if count]


def play(piece: tuple[int, int], operators: int) -> tuple[int, int]:
    """Play one stretch; return its steps, and how many handoffs have no outcome."""
    from server.rehearsal.faults import play_with_faults  # noqa: PLC0415

    count, seed = piece
    played = play_with_faults(count, operators, seed=seed)
    return played.steps, len(played.stuck)


def added(done: dict[str, int], count: int, steps: int, stuck: int) -> dict[str, int]:
    """Return what is done after one more stretch."""
    return {
        "handoffs": done["handoffs"] + count,
        "steps": done["steps"] + steps,
        "stuck": done["stuck"] + stuck,
        "stretches": done["stretches"] + 1,
    }

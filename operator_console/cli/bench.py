"""Print measured figures against their targets: for people as a table, for machines as JSON."""

import asyncio
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Annotated

import typer

from operator_console.cli import output
from operator_console.cli.failure import CommandError
from operator_console.cli.options import Json

if TYPE_CHECKING:
    from operator_console.bench.figures import Measure, Noise, Report

Runs = Annotated[int, typer.Option("--runs", min=1, max=1_000, help="How often; the median counts.")]
Seconds = Annotated[float, typer.Option("--seconds", min=0.1, max=3_600, help="How long with the hands off.")]
Turns = Annotated[int, typer.Option("--turns", min=1, max=20_000, help="Turns of the long conversation.")]
Rows = Annotated[int, typer.Option("--rows", min=1, max=10_000, help="Sessions in the queue.")]


def add_to(app: typer.Typer) -> None:
    """Offer these commands."""
    group = typer.Typer(
        help="Measure this console in a terminal of its own, against a made-up broker on loopback.",
        no_args_is_help=True,
        rich_markup_mode=None,
    )
    for command in (keys, transcript, start, queue, audio):
        group.command()(command)
    app.add_typer(group, name="bench")


def keys(
    *,
    rows: Annotated[
        list[int] | None,
        typer.Option("--rows", min=1, max=10_000, help="Sessions in the queue, repeatable. [default: 1000 10000]"),
    ] = None,
    count: Annotated[int, typer.Option("--keys", min=1, max=10_000, help="Keys at each size.")] = 120,
    changes: Annotated[float, typer.Option("--changes", min=0, max=1_000, help="Changes a second.")] = 50.0,
    seconds: Seconds = 10.0,
    turns: Turns = 10_000,
    as_json: Json = False,
) -> None:
    """From a key to the painted frame, while the queue changes; processor and memory meanwhile."""
    from operator_console.bench.keys import KeysPlan, bench_keys  # noqa: PLC0415 - only this needs it

    plan = KeysPlan(rows=tuple(rows or (1_000, 10_000)), keys=count, seconds=seconds, changes=changes, turns=turns)
    _print(bench_keys(plan), as_json=as_json)


def transcript(
    *,
    turns: Turns = 10_000,
    count: Annotated[int, typer.Option("--keys", min=1, max=10_000, help="Keys at each rate.")] = 40,
    seconds: Seconds = 10.0,
    hostile_bytes: Annotated[
        int, typer.Option("--hostile-bytes", min=100, max=20_000_000, help="Size of the message made to hurt.")
    ] = 2_000_000,
    as_json: Json = False,
) -> None:
    """A long conversation: load, follow at 2 and 20 turns a second, keys meanwhile, a hostile message."""
    from operator_console.bench.transcript import TranscriptPlan, bench_transcript  # noqa: PLC0415 - loads Textual

    plan = TranscriptPlan(turns=turns, keys=count, seconds=seconds, hostile_bytes=hostile_bytes)
    _print(bench_transcript(plan), as_json=as_json)


def start(*, runs: Runs = 9, rows: Rows = 50, as_json: Json = False) -> None:
    """From the start of the process to the first screen."""
    from operator_console.bench.start import bench_start  # noqa: PLC0415 - only this needs it

    _print(bench_start(runs, rows), as_json=as_json)


def queue(*, runs: Runs = 9, rows: Rows = 50, as_json: Json = False) -> None:
    """The whole of `operator-console queue --json`."""
    from operator_console.bench.start import bench_queue  # noqa: PLC0415 - only this needs it

    _print(bench_queue(runs, rows), as_json=as_json)


def audio(
    *,
    seconds: Annotated[
        float, typer.Option("--seconds", min=0.5, max=3_600, help="Of the call; 600 is the long form.")
    ] = 20.0,
    rows: Rows = 1_000,
    changes: Annotated[float, typer.Option("--changes", min=0, max=1_000, help="Changes a second.")] = 50.0,
    backend: Annotated[str, typer.Option(help="Sound library; auto is what a call would use.")] = "auto",
    as_json: Json = False,
) -> None:
    """A live call on this machine's devices while the screen is busy: xruns, delay, processor."""
    from operator_console.audio.options import BACKENDS, AudioOptions  # noqa: PLC0415 - only this needs it
    from operator_console.bench.audio import AudioPlan, bench_audio  # noqa: PLC0415

    if backend not in BACKENDS:
        raise typer.BadParameter(f"There is no sound library {backend}. There are: {', '.join(BACKENDS)}.")
    plan = AudioPlan(seconds=seconds, rows=rows, changes=changes, options=AudioOptions(backend=backend))
    _print(bench_audio(plan), as_json=as_json)


def _print(measuring: "Coroutine[object, object, Report]", *, as_json: bool) -> None:
    """Measure, and print what was found."""
    from operator_console.bench.failure import BenchError  # noqa: PLC0415 - only these commands need it

    output.talk("Measuring; leave the machine alone meanwhile.")
    try:
        report = asyncio.run(measuring)
    except BenchError as error:
        raise CommandError(error.body) from error
    if as_json:
        output.data(report)
        return
    output.lines(output.table(("measure", "value", "target", "verdict"), [_row(one) for one in report.measures]))
    output.talk(noise_words(report.noise))


def _row(one: "Measure") -> tuple[str, str, str, str]:
    value = "-" if one.value is None else f"{one.value:g} {one.unit}"
    target = "" if one.target is None else f"≤ {one.target:g} {one.unit}"
    return one.name, value, target, one.verdict.value


def noise_words(noise: "Noise") -> str:
    """Return how far the times can be trusted, in a sentence."""
    trust = "Times can be trusted." if noise.quiet else "The machine was busy: times are worse than the console is."
    return (
        f"Load {noise.load_before:g} before and {noise.load_after:g} after on {noise.cores} cores; "
        f"timers {noise.timer_late_p95_ms:g} ms late (p95). {trust}"
    )

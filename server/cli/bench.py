"""Print measured figures: for people as a table, for machines as JSON."""

import asyncio
import tempfile
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from server.bench.accept import bench_accept
from server.bench.card import bench_card
from server.bench.chat import bench_chat
from server.bench.routing import bench_routing
from server.bench.sip import bench_sip
from server.cli.rehearse import simulate
from server.cli.talk import errors_told, say, show

app = typer.Typer(help="Measure this installation on loopback.", no_args_is_help=True)


app.command()(simulate)


@app.callback()
def root() -> None:
    """Group the measurements."""


@app.command()
def accept(
    trials: Annotated[int, typer.Option(min=1, max=10_000, help="How many calls to take.")] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """From the accept key to the first audio both ways."""
    with errors_told():
        report = asyncio.run(bench_accept(trials, lambda done: _progress(done, trials)))
    parts = msgspec.to_builtins(report)
    trials_done = parts.pop("trials")
    if as_json:
        print(msgspec.json.encode(report).decode())
        return
    say(f"{trials_done} calls over loopback, milliseconds since the accept left")
    rows = [{"measure": name, **spread} for name, spread in parts.items()]
    show(rows, ("measure", "p50_ms", "p95_ms", "p99_ms", "max_ms"), as_json=False)


@app.command()
def card(
    trials: Annotated[int, typer.Option(min=1, max=10_000, help="How many handoffs to make.")] = 50,
    turns: Annotated[int, typer.Option(min=1, max=2_000, help="How many turns each conversation has.")] = 24,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """From the request for a person to the whole card on a console."""
    with errors_told():
        report = asyncio.run(bench_card(trials, turns, lambda done: _progress(done, trials, "handoffs made")))
    if as_json:
        print(msgspec.json.encode(report).decode())
        return
    say(f"{report.trials} chats of {report.turns} turns over loopback, milliseconds since the request left")
    rows = [
        {"measure": name, **msgspec.to_builtins(spread)}
        for name, spread in (("session_shown", report.session_shown), ("card_shown", report.card_shown))
    ]
    show(rows, ("measure", "p50_ms", "p95_ms", "p99_ms", "max_ms"), as_json=False)


@app.command()
def chat(
    trials: Annotated[int, typer.Option(min=1, max=10_000, help="How many messages to show.")] = 200,
    replies: Annotated[int, typer.Option(min=0, max=1_000_000, help="How many replies to send under faults.")] = 1_000,
    kills: Annotated[int, typer.Option(min=0, max=1_000, help="How often the broker is killed meanwhile.")] = 3,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """From a customer's message to the console; and replies to a platform that fails, by a broker that is killed."""
    with errors_told():
        report = asyncio.run(bench_chat(trials, replies, kills, say))
    if as_json:
        print(msgspec.json.encode(report).decode())
        return
    rows = [
        {"measure": name, **msgspec.to_builtins(spread)}
        for name, spread in (("acknowledged", report.acknowledged), ("on_console", report.on_console))
    ]
    show(rows, ("measure", "p50_ms", "p95_ms", "p99_ms", "max_ms"), as_json=False)
    faults = [msgspec.to_builtins(one) for one in report.faults]
    columns = ("keyed", "replies", "posts", "kills", "lost", "out_of_order", "duplicates", "unknown", "unflagged")
    show(faults, columns, as_json=False)


@app.command()
def sip(
    trials: Annotated[int, typer.Option(min=1, max=10_000, help="How many calls to take.")] = 50,
    calls: Annotated[int, typer.Option(min=1, max=500, help="How many calls at once for what one costs.")] = 20,
    seconds: Annotated[float, typer.Option(min=1, max=600, help="For how long.")] = 10.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Calls over SIP: accept to audio both ways, hang-up to a clear console, and what a call costs."""
    with errors_told():
        report = asyncio.run(bench_sip(trials, calls, seconds, lambda done: _progress(done, trials)))
    if as_json:
        print(msgspec.json.encode(report).decode())
        return
    say(f"{report.trials} calls over SIP on loopback, milliseconds; load of the machine {report.machine_load}")
    names = ("reply", "operator_hears", "caller_hears", "both_ways", "console_clear")
    rows = [{"measure": name, **msgspec.to_builtins(getattr(report, name))} for name in names]
    show(rows, ("measure", "p50_ms", "p95_ms", "p99_ms", "max_ms"), as_json=False)
    show([msgspec.to_builtins(report.load)], tuple(msgspec.to_builtins(report.load)), as_json=False)


@app.command()
def routing(
    operators: Annotated[int, typer.Option(min=1, max=5_000, help="On duty at the real broker.")] = 500,
    waiting: Annotated[int, typer.Option(min=0, max=100_000, help="Sessions that wait there.")] = 5_000,
    trials: Annotated[int, typer.Option(min=1, max=100_000, help="Decisions to measure at each size.")] = 200,
    offers: Annotated[int, typer.Option(min=0, max=100_000, help="Offers to measure at a broker; 0: none.")] = 100,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Whom to ring: the decision as desks grow, and how soon the right operator's console rings."""
    with errors_told(), tempfile.TemporaryDirectory(prefix="operator-bench-") as folder:
        measured = bench_routing(
            Path(folder), operators=operators, waiting=waiting, trials=trials, offers=offers, progress=say
        )
        report = asyncio.run(measured)
    if as_json:
        print(msgspec.json.encode(report).decode())
        return
    say("processor time: the decision alone, and a round with the store; ratio: growth against n log n")
    sizes = [msgspec.to_builtins(one) for one in report.growth]
    show(sizes, ("operators", "waiting", "decision_ms", "round_ms", "ratio"), as_json=False)
    if report.offers is not None:
        say(
            f"{report.right} offers, all to the right one of {operators} operators with {waiting} waiting, milliseconds"
        )
        show(
            [{"measure": "request_to_ring", **msgspec.to_builtins(report.offers)}],
            ("measure", "p50_ms", "p95_ms", "p99_ms", "max_ms"),
            as_json=False,
        )


def _progress(done: int, trials: int, what: str = "calls taken") -> None:
    """Say at every tenth how far it is."""
    if done % 10 == 0 or done == trials:
        say(f"{done} of {trials} {what}")

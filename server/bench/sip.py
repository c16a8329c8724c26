"""Measure calls over SIP on loopback: accept to audio both ways, hang-up to a clear console, and calls for each core.

The engine is the installation's own; the telephones are `server.bench.sip_caller`. What a call costs is the processor
time of the engine's process while calls are up, beside that of the same stack that only echoes.
"""

import asyncio
import os
import socket
import sys
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import msgspec

from server.bench.accept import HEARD_SECONDS, SOUND, console_on_duty, granted, hear_both, speak
from server.bench.figures import Figures, figures
from server.bench.process import Running, running_broker
from server.bench.sip_caller import SipCaller
from server.clock import Clock, SystemClock
from server.core.errors import ProviderError
from server.core.session import IN_HAND_STATES
from server.demo.console_link import ConsoleLink
from server.places import SIP_SOCKET
from server.tasks import spawn
from server.wire.commands import Accept
from server.wire.terms import SessionState

_TICKS: Final = os.sysconf("SC_CLK_TCK")
_SETTLE_SECONDS: Final = 1.0


class Load(msgspec.Struct, frozen=True):
    """What calls cost: processor milliseconds of one call for each second, and calls that one core could carry."""

    calls: int
    engine_ms: float
    worker_ms: float
    echo_ms: float
    calls_per_core: float
    echo_calls_per_core: float


class SipReport(msgspec.Struct, frozen=True):
    """What `bench sip` prints; `machine_load` is the load average of the last minute, before and after."""

    trials: int
    reply: Figures
    operator_hears: Figures
    caller_hears: Figures
    both_ways: Figures
    console_clear: Figures
    load: Load
    machine_load: tuple[float, float]


@dataclass
class _Times:
    reply: list[float] = field(default_factory=list[float])
    operator_hears: list[float] = field(default_factory=list[float])
    caller_hears: list[float] = field(default_factory=list[float])
    console_clear: list[float] = field(default_factory=list[float])


async def bench_sip(trials: int, calls: int, seconds: float, progress: Callable[[int], None]) -> SipReport:
    """Return the figures of `trials` calls, and what `calls` at once cost over `seconds`; `progress` counts trials.

    Raises:
        ProviderError: the broker does not start, or has no SIP engine.
        TimeoutError: a call brought no audio within 5 s.
        CallerError: a call was not answered.
    """
    before = os.getloadavg()[0]
    clock, times, port = SystemClock(), _Times(), free_port()
    settings = (
        '[desk]\nwrap_up_seconds = 0\nrouting = "pull"\n'
        f'[sip]\nlisten = "127.0.0.1:{port}"\nqueue = "default"\nmax_calls = {calls + 10}\n'
    )
    async with running_broker(settings) as broker:
        async with console_on_duty(broker, clock) as link:
            for trial in range(trials):
                await _trial(link, port, clock, times)
                progress(trial + 1)
        engine_ms, worker_ms = await _cost(broker, port, calls, seconds, clock)
    echo_ms = await _echo_cost(calls, seconds, clock)
    both = [max(pair) for pair in zip(times.operator_hears, times.caller_hears, strict=True)]
    return SipReport(
        trials=trials,
        reply=figures(times.reply),
        operator_hears=figures(times.operator_hears),
        caller_hears=figures(times.caller_hears),
        both_ways=figures(both),
        console_clear=figures(times.console_clear),
        load=Load(
            calls=calls,
            engine_ms=round(engine_ms, 2),
            worker_ms=round(worker_ms, 2),
            echo_ms=round(echo_ms, 2),
            calls_per_core=round(1000 / max(engine_ms, 0.01), 1),
            echo_calls_per_core=round(1000 / max(echo_ms, 0.01), 1),
        ),
        machine_load=(round(before, 1), round(os.getloadavg()[0], 1)),
    )


def free_port() -> int:
    """Return a port that is free for UDP and TCP."""
    with socket.socket() as stream, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
        stream.bind(("127.0.0.1", 0))
        port = int(stream.getsockname()[1])
        datagrams.bind(("127.0.0.1", port))
        return port


async def _trial(link: ConsoleLink, port: int, clock: Clock, times: _Times) -> None:
    """Have somebody call, take the call, and let them hang up."""
    known = set(link.sessions)
    caller = await SipCaller(port).ring()
    await caller.up()
    tasks = [spawn("bench_caller_voice", speak(caller, clock))]
    try:
        if not await link.until(lambda: bool(set(link.sessions) - known), HEARD_SECONDS):
            raise TimeoutError("The call did not reach the console.")
        session = link.sessions[(set(link.sessions) - known).pop()]
        began = clock.monotonic()
        reply = await link.order(Accept(id=link.new_id(), session_id=session.id, epoch=session.epoch))
        times.reply.append(clock.monotonic() - began)
        operator_hears, caller_hears = await hear_both(granted(reply.media), caller, clock, tasks)
        times.operator_hears.append(operator_hears - began)
        times.caller_hears.append(caller_hears - began)
        await link.until(lambda: link.sessions[session.id].state is SessionState.ACTIVE, HEARD_SECONDS)
        left = clock.monotonic()
        await caller.hang_up()
        if not await link.until(lambda: link.sessions[session.id].state not in IN_HAND_STATES, HEARD_SECONDS):
            raise TimeoutError("The console was not told that the caller left.")
        times.console_clear.append(clock.monotonic() - left)
        await link.until(lambda: link.sessions[session.id].state is SessionState.CLOSED, HEARD_SECONDS)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _cost(broker: Running, port: int, calls: int, seconds: float, clock: Clock) -> tuple[float, float]:
    """Return the processor milliseconds for each call and second, of the engine and of the media worker."""
    engine, worker = _process_of("server.telephony.sip.child", broker), _process_of("server.media.worker", broker)
    async with _speaking(port, calls, clock):
        spent = [_spent(engine), _spent(worker)]
        await clock.sleep(seconds)
        share = 1000 / (calls * seconds)
        return (_spent(engine) - spent[0]) * share, (_spent(worker) - spent[1]) * share


async def _echo_cost(calls: int, seconds: float, clock: Clock) -> float:
    """Return the processor milliseconds for each call and second of a stack that only echoes."""
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "server.bench.sip_echo", str(port)), stdout=PIPE, stderr=DEVNULL
    )
    if process.stdout is None or not await process.stdout.readline():
        raise ProviderError("sip_not_installed", "The echo did not start.", "pip install 'operator-console[sip]'")
    try:
        async with _speaking(port, calls, clock):
            spent = _spent(process.pid)
            await clock.sleep(seconds)
            return (_spent(process.pid) - spent) * 1000 / (calls * seconds)
    finally:
        process.terminate()
        await process.communicate()


@asynccontextmanager
async def _speaking(port: int, calls: int, clock: Clock) -> AsyncGenerator[None]:
    """Have so many calls up in which the caller speaks."""
    callers = [await SipCaller(port).ring() for _ in range(calls)]
    await asyncio.gather(*(caller.up() for caller in callers))
    speaking = spawn("bench_voices", _speak_all(callers, clock))
    await clock.sleep(_SETTLE_SECONDS)
    try:
        yield
    finally:
        speaking.cancel()
        await asyncio.gather(speaking, return_exceptions=True)
        for caller in callers:
            await caller.hang_up()


async def _speak_all(callers: list[SipCaller], clock: Clock) -> None:
    due = clock.monotonic()
    while True:
        for caller in callers:
            await caller.send(SOUND)
        due += 0.02
        await clock.sleep(due - clock.monotonic())


def _process_of(module: str, broker: Running) -> int:
    """Return the process of a module that the broker of this measurement started.

    Raises:
        ProviderError: there is none.
    """
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and _parent(entry) == broker.pid and module in _words(entry):
            return int(entry.name)
    raise ProviderError("sip_failed", f"No {module} of broker {broker.pid} runs.", f"See {SIP_SOCKET}.log.")


def _words(entry: Path) -> str:
    try:
        return (entry / "cmdline").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _parent(entry: Path) -> int:
    try:
        return int((entry / "stat").read_text().rpartition(")")[2].split()[1])
    except (OSError, ValueError):
        return 0


def _spent(pid: int) -> float:
    """Return the processor seconds that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS

"""Play the demo without a terminal: the same handoffs in plain lines, a scripted operator, and checks at the end.

Before: `server.demo.run` has started a desk. After: every check is printed, and the exit code is 0 only if history
shows a call and a chat that came back to the assistant.
"""

import asyncio
from collections.abc import Sequence
from typing import Final

from server.demo.console_link import ConsoleError, ConsoleLink, OrderRefusedError
from server.demo.content import Content
from server.demo.desk import DeskAddress
from server.demo.director import Director, shortened
from server.demo.failures import single_failures
from server.demo.findings import Check, judge
from server.demo.options import DemoOptions
from server.demo.rest import DeskRest, RefusedError, UnreachableError
from server.demo.scripted_operator import Habits, ScriptedOperator
from server.demo.stage import Casting, Stage, cast_round

FEED_SECONDS: Final = 10.0
APART_SECONDS: Final = 2.0
_FAILURES: Final = (TimeoutError, ConsoleError, OrderRefusedError, RefusedError, UnreachableError)


async def play_plain(stage: Stage, content: Content, address: DeskAddress, options: DemoOptions, seed: int) -> int:
    """Play a short programme and return the exit code: 0 when every check holds."""
    programme = shortened(cast_round(content, 1, seed), *_size(options), APART_SECONDS)
    clock = stage.pace.clock
    began = clock.monotonic()
    checks: tuple[Check, ...]
    try:
        link = await ConsoleLink.open(address.socket_url, address.operator_token, clock)
    except ConsoleError as error:
        checks = (Check(ok=False, text=str(error)),)
    else:
        worker = ScriptedOperator(link, stage, Habits(accepts=options.accepts, brief=options.fast))
        await _play(stage, Director(stage, content, seed), programme, worker, options.allowed_seconds)
        await link.close()
        checks = await _look_back(stage, address, worker.notes)
    stage.tell(f"checked after {clock.monotonic() - began:.0f} s:")
    for check in checks:
        stage.tell(f"  {'ok  ' if check.ok else 'FAIL'} {check.text}")
    good = all(check.ok for check in checks)
    stage.tell("The demo worked." if good else "The demo FAILED: see the lines above.")
    return 0 if good else 1


def _size(options: DemoOptions) -> tuple[int, int]:
    """Return how many calls and chats to play."""
    return (1, 1) if options.fast else (options.calls, options.chats)


async def _play(
    stage: Stage, director: Director, programme: Sequence[Casting], worker: ScriptedOperator, allowed_seconds: float
) -> None:
    """Let customers and operator meet, for as long as is allowed; what goes wrong is a finding."""
    try:
        async with asyncio.timeout(allowed_seconds), asyncio.TaskGroup() as tasks:
            feed = tasks.create_task(stage.feed.run())
            shift = tasks.create_task(worker.run())
            async with asyncio.timeout(FEED_SECONDS):
                await stage.feed.connected.wait()
            await director.play(programme)
            shift.cancel()
            feed.cancel()
    except* _FAILURES as errors:
        for error in single_failures(errors):
            late = isinstance(error, TimeoutError)
            stage.findings.troubles.append(f"not finished within {allowed_seconds:.0f} s" if late else str(error))


async def _look_back(stage: Stage, address: DeskAddress, notes: Sequence[str]) -> tuple[Check, ...]:
    """Read the history as the operator and judge the run."""
    rest = DeskRest(address.url, address.operator_token, stage.pace.clock)
    try:
        page = await rest.history()
    except (RefusedError, UnreachableError) as error:
        return (Check(ok=False, text=f"history cannot be read: {error}"),)
    finally:
        await rest.close()
    return judge(page.sessions, stage.findings, notes)

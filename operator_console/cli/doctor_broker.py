"""Judge the broker as this console reaches it: address, answer, version, token, console socket, clock."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Final

from operator_console.cli.doctor_checks import Finding, Health, failed
from operator_console.cli.failure import CommandError
from operator_console.cli.invocation import Invocation
from operator_console.client.errors import ClientError
from operator_console.client.rest import Health as BrokerHealth
from operator_console.client.rest import RestClient
from operator_console.client.visit import visit
from operator_console.clock import SystemClock
from server.wire.frames import Snapshot
from server.wire.version import PROTOCOL, VERSION

MOST_SKEW: Final = timedelta(seconds=2)
"""A larger difference of the clocks shows in waits and promises."""


async def broker_findings(invocation: Invocation, *, has_token: bool) -> AsyncIterator[Finding]:
    """Yield one finding after the other; the first that fails is the last."""
    try:
        async with RestClient(invocation.address, "", tls=invocation.tls) as client:
            began = SystemClock().monotonic()
            health = await client.health()
            yield _reached(health, (SystemClock().monotonic() - began) * 1000)
    except CommandError as failure:
        yield failed("broker", failure.body)
        return
    except ClientError as error:
        yield failed("broker", error.body)
        return
    if health.protocol not in {0, PROTOCOL}:
        detail = f"the broker speaks protocol {health.protocol}, this console {PROTOCOL}"
        yield Finding("protocol", Health.FAIL, detail, f"Install the console of version {health.version}.")
        return
    yield Finding("protocol", Health.OK, str(PROTOCOL))
    if has_token:
        async for finding in _with_token(invocation):
            yield finding


async def _with_token(invocation: Invocation) -> AsyncIterator[Finding]:
    try:
        async with invocation.rest() as client:
            me = await client.me()
        if me.operator is None:
            yield Finding("operator", Health.FAIL, "the token is not an operator's", "Ask for an operator's token.")
            return
        yield Finding("operator", Health.OK, f"{me.operator.name}, {me.operator.role.value}")
        async with visit(invocation.socket(view_only=True)) as snapshot:
            yield Finding("console socket", Health.OK, f"{len(snapshot.sessions)} open sessions")
            yield clock_finding(snapshot)
    except ClientError as error:
        yield failed("operator", error.body)


def clock_finding(snapshot: Snapshot) -> Finding:
    """Return how far this machine's clock is from the broker's."""
    skew = SystemClock().now() - snapshot.now
    words = f"{abs(skew).total_seconds():.1f} s {'ahead of' if skew > timedelta() else 'behind'} the broker's"
    if abs(skew) > MOST_SKEW:
        return Finding("clock", Health.WARN, words, "Let NTP set this machine's clock (timedatectl set-ntp true).")
    return Finding("clock", Health.OK, words)


def _reached(health: BrokerHealth, took_ms: float) -> Finding:
    words = f"version {health.version or 'unknown'}, answers in {took_ms:.0f} ms"
    if health.version != VERSION:
        return Finding("broker", Health.WARN, f"{words}; this console is {VERSION}", "Install the broker's version.")
    return Finding("broker", Health.OK, words)

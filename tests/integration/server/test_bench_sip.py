"""The measurement of calls over SIP runs a real broker and engine, and ends with figures of every kind."""

import pytest

from server.bench.sip import bench_sip
from tests import needs

pytestmark = [pytest.mark.integration, pytest.mark.alone, needs.sip_call]


async def test_every_trial_is_heard_both_ways_and_ends_with_a_clear_console() -> None:
    done: list[int] = []
    report = await bench_sip(2, 3, 1.0, done.append)
    assert (report.trials, done) == (2, [1, 2])
    assert report.both_ways.count == report.console_clear.count == 2
    assert report.both_ways.max_ms >= report.reply.p50_ms > 0
    assert report.load.calls == 3
    assert report.load.engine_ms > 0
    assert report.load.echo_ms > 0

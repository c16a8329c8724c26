"""`bench routing` measures the right operator's console at a real broker, behind a queue that nobody can take."""

from pathlib import Path

import pytest

from server.bench.routing import bench_routing

pytestmark = [pytest.mark.integration]


async def test_every_offer_reaches_the_one_operator_it_is_for(tmp_path: Path) -> None:
    told: list[str] = []
    report = await bench_routing(tmp_path, operators=12, waiting=150, trials=3, offers=5, progress=told.append)
    assert report.right == 5
    assert report.offers is not None
    assert report.offers.count == 5
    assert [(one.operators, one.waiting) for one in report.growth][-1] == (500, 20_000)
    assert all(one.decision_ms > 0 and one.round_ms > 0 for one in report.growth)

"""Replies to a platform that fails, by a broker that is killed: none lost, out of order, or twice by our doing."""

import pytest

from server.bench.chat import fault_run
from tests.long_form import times

pytestmark = pytest.mark.integration


@pytest.mark.parametrize("keyed", [True, False])
async def test_replies_survive_faults_and_kills(keyed: bool) -> None:
    report = await fault_run(times(80, 100_000), times(1, 100), keyed=keyed)
    assert report.replies == times(80, 100_000)
    assert report.posts > report.replies * 0.9
    assert (report.lost, report.out_of_order, report.duplicates, report.unflagged) == (0, 0, 0, 0)
    assert report.failed == 0
    assert keyed is False or report.unknown == 0, "a platform that knows our keys leaves nothing unknown"

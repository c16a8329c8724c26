"""Replies to a platform that fails, by a broker that is killed: none lost, out of order, or twice by our doing.

The long form goes in slices, each with brokers of its own. `OPERATOR_FAULTS` names a folder in which the report of each
finished slice is kept: begun again, the test goes on where it stopped.
"""

import os
from pathlib import Path

import msgspec
import pytest

from server.bench.chat import FaultReport, fault_run
from tests.long_form import KEPT, times

pytestmark = pytest.mark.integration

CHATS = 200
"""So many that a lane that waits for its second attempt holds nobody else up."""


async def one_slice(folder: Path | None, number: int, replies: int, kills: int, *, keyed: bool) -> FaultReport:
    """Return the report of a slice, from the folder where it was run before."""
    name = f"{replies}-{kills}-{number}-{'keyed' if keyed else 'unkeyed'}.json"
    path = folder / name if folder is not None else None
    if path is not None and path.exists():
        return msgspec.json.decode(path.read_bytes(), type=FaultReport)
    report = await fault_run(replies, kills, keyed=keyed, chats=CHATS, seed=number)
    if path is not None:
        part = path.with_suffix(".part")
        part.write_bytes(msgspec.json.encode(report))
        part.rename(path)
    return report


@pytest.mark.parametrize("keyed", [True, False])
async def test_replies_survive_faults_and_kills(keyed: bool) -> None:
    replies, kills, slices = times(80, 10_000), times(1, 20), times(1, 10)
    folder = Path(os.environ[KEPT]) if os.environ.get(KEPT) else None
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
    for number in range(1, slices + 1):
        report = await one_slice(folder, number, replies, kills, keyed=keyed)
        assert report.replies == replies
        assert report.posts > report.replies * 0.9
        assert (report.lost, report.out_of_order, report.duplicates, report.unflagged) == (0, 0, 0, 0)
        assert report.failed == 0
        assert keyed is False or report.unknown == 0, "a platform that knows our keys leaves nothing unknown"


async def test_a_finished_slice_is_not_run_again(tmp_path: Path) -> None:
    known = FaultReport(
        keyed=True, replies=7, posts=9, kills=1, lost=0, out_of_order=0, duplicates=0, unknown=0, failed=0, unflagged=0
    )
    (tmp_path / "7-1-3-keyed.json").write_bytes(msgspec.json.encode(known))
    assert await one_slice(tmp_path, 3, 7, 1, keyed=True) == known

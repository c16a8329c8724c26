"""The sound process is run as early as it says, all of it, and what it starts is not."""

import asyncio
import os
import sys
from pathlib import Path

import pytest

from operator_console.audio.messages import Levels, LevelsOn, Ready
from operator_console.audio.options import AudioOptions
from tests.fakes.audio_console import audio_console

pytestmark = pytest.mark.integration


@pytest.mark.parametrize("wanted", [True, False])
async def test_every_thread_of_the_process_has_the_priority_that_it_tells(wanted: bool, tmp_path: Path) -> None:
    async with audio_console(AudioOptions(backend="file", real_time=wanted), tmp_path / "audio.log") as it:
        await it.process.send(LevelsOn(on=True))
        await it.told_of(Levels)
        (ready,) = it.of(Ready)
        policy = os.SCHED_RR if ready.priority == "real-time" else os.SCHED_OTHER
        threads = [int(task.name) for task in Path(f"/proc/{it.process.pid}/task").iterdir()]
        assert len(threads) > 3
        assert {os.sched_getscheduler(thread) for thread in threads} == {policy}
        assert wanted or ready.priority == "normal"


async def test_a_process_that_is_started_to_list_devices_is_ordinary_work() -> None:
    code = (
        "import os; from operator_console.audio.urgency import lower_urgency, raise_urgency; "
        "raise_urgency(); lower_urgency(); print(os.sched_getscheduler(0))"
    )
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", code, stdout=asyncio.subprocess.PIPE)
    out, _ = await process.communicate()
    assert out.split()[-1] == str(os.SCHED_OTHER).encode()

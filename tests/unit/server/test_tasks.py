"""Rules of background work: nothing is lost, silent or left behind."""

import asyncio
import gc
import io
import weakref

import pytest

from server import log
from server.clock import ManualClock, settle
from server.tasks import Restart, TaskRunner, spawn

pytestmark = pytest.mark.unit


@pytest.fixture
def lines() -> io.StringIO:
    stream = io.StringIO()
    log.configure(stream=stream)
    return stream


async def fail() -> None:
    raise ValueError("the cable is out")


async def test_a_spawned_task_returns_what_its_work_returns() -> None:
    async def work() -> int:
        return 7

    assert await spawn("seven", work()) == 7


async def test_a_failure_nobody_waits_for_is_logged_under_its_name(lines: io.StringIO) -> None:
    task = spawn("carry out hang-up", fail())
    await settle()
    assert task.done()
    assert "task_failed" in lines.getvalue()
    assert 'task="carry out hang-up"' in lines.getvalue()
    assert "the cable is out" in lines.getvalue()


async def test_a_cancelled_task_is_not_an_error(lines: io.StringIO) -> None:
    task = spawn("wait", asyncio.Event().wait())
    await settle()
    task.cancel()
    await settle()
    assert lines.getvalue() == ""


async def test_a_task_without_a_holder_survives_garbage_collection() -> None:
    # A task waiting on something nobody else holds is a cycle that the collector would take.
    async def wait_for_ever() -> None:
        await asyncio.get_running_loop().create_future()

    held = weakref.ref(spawn("wait for ever", wait_for_ever()))
    await settle()
    gc.collect()
    task = held()
    assert task is not None
    task.cancel()
    await settle()
    del task
    gc.collect()
    assert held() is None


async def test_a_loop_that_fails_is_started_again_after_growing_pauses(lines: io.StringIO) -> None:
    clock, runs = ManualClock(), list[float]()
    runner = TaskRunner(clock)

    async def loop() -> None:
        runs.append(clock.monotonic())
        raise ValueError("broken pipe")

    runner.keep("feed", loop, Restart(first_seconds=1, most_seconds=4))
    await clock.advance(12)
    assert runs == [0, 1, 3, 7, 11]
    assert lines.getvalue().count("task_restarts") == 5
    await runner.stop()


async def test_a_loop_that_ran_calmly_for_long_starts_again_after_the_first_pause() -> None:
    clock, runs = ManualClock(), list[float]()
    runner = TaskRunner(clock)

    async def loop() -> None:
        runs.append(clock.monotonic())
        await clock.sleep(40 if len(runs) == 3 else 0)
        raise ValueError("broken pipe")

    runner.keep("feed", loop, Restart(first_seconds=1, most_seconds=60, calm_seconds=30))
    await clock.advance(44.5)
    assert runs == [0, 1, 3, 44]
    await runner.stop()


async def test_a_loop_that_returns_is_not_started_again() -> None:
    clock, runs = ManualClock(), list[float]()
    runner = TaskRunner(clock)

    async def once() -> None:
        runs.append(clock.monotonic())

    runner.keep("once", once)
    await clock.advance(100)
    assert runs == [0]
    assert runner.names == ()


async def test_stopping_ends_everything_that_runs_and_waits_for_it() -> None:
    runner, ended = TaskRunner(ManualClock()), list[str]()

    async def work(name: str) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await settle()
            ended.append(name)

    runner.start("a", work("a"))
    runner.start("b", work("b"))
    await settle()
    assert runner.names == ("a", "b")
    await runner.stop()
    assert sorted(ended) == ["a", "b"]
    assert runner.names == ()


async def test_work_that_ends_within_the_grace_is_not_cancelled() -> None:
    runner, finished = TaskRunner(), list[bool]()

    async def work() -> None:
        await settle()
        finished.append(True)

    runner.start("last words", work())
    await runner.stop(grace_seconds=5)
    assert finished == [True]


async def test_a_stopped_runner_takes_no_more_work() -> None:
    runner = TaskRunner()
    await runner.stop()
    with pytest.raises(RuntimeError, match="was stopped"):
        runner.start("late", fail())


async def test_a_task_may_stop_its_own_runner() -> None:
    runner, after = TaskRunner(), asyncio.Event()

    async def shut_down() -> None:
        await runner.stop()
        after.set()

    runner.start("shut down", shut_down())
    await asyncio.wait_for(after.wait(), 5)

"""The worker outlives the broker, is found again, is replaced when it dies, and leaves when nobody needs it."""

import asyncio
import json
import os
import signal
import stat
import subprocess
import sys
import textwrap
from pathlib import Path

import msgspec
import pytest

from server.broker.ports.media import Digit, LegDown, LegUp, MediaFact
from server.core.errors import ProviderError
from server.media.control import WorkerControl
from server.media.control_link import open_link
from server.media.exits import EXIT_ALREADY_RUNNING, EXIT_BAD_CONFIG, EXIT_CANNOT_LISTEN
from server.side_process import exit_code, start
from server.wire.terms import CallPhase, LegRole
from tests.media_clients import Desk, StreamLeg, TwilioCaller, desk, until, worker_config

pytestmark = pytest.mark.integration

BROKER = textwrap.dedent("""
    import asyncio, json, sys
    from pathlib import Path
    from server.wire.terms import CallPhase, LegRole
    from tests.media_clients import desk

    async def main():
        async with desk(Path(sys.argv[1])) as media:
            await media.plan("c", CallPhase.OPERATOR, epoch=3, version=9)
            said = {
                "twilio": media.control.media_url("twilio"),
                "console": media.control.media_url("console"),
                "caller": await media.admit("c", LegRole.CALLER, "twilio"),
                "operator": await media.admit("c", LegRole.OPERATOR, "console", epoch=3),
                "worker": media.control._link.welcome.pid,
            }
            print(json.dumps(said), flush=True)
            await asyncio.sleep(600)

    asyncio.run(main())
""")


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


async def test_live_audio_survives_kill_9_of_the_broker_and_is_taken_up_again(tmp_path: Path) -> None:
    broker = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        BROKER,
        str(tmp_path),
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": str(Path.cwd())},
    )
    assert broker.stdout is not None
    said = json.loads(await broker.stdout.readline())
    async with (
        await TwilioCaller().open(said["twilio"], said["caller"]) as caller,
        await StreamLeg().open(said["console"], said["operator"]) as console,
    ):
        caller.speak(1_000)
        console.speak(880)
        await caller.hears(880)
        broker.kill()
        await broker.wait()
        caller.forget()
        console.forget()
        await caller.hears(880)
        await console.hears(1_000)
        await caller.press("7")

        control = WorkerControl(worker_config(tmp_path))
        again = Desk(control)
        (call,) = await control.start(again.keep)
        assert (call.call_id, call.phase, call.epoch, call.version, call.bridged) == ("c", "operator", 3, 9, True)
        assert {leg.role for leg in call.legs} == {LegRole.CALLER, LegRole.OPERATOR}
        assert control._link is not None
        assert control._link.welcome.pid == said["worker"]
        await until(lambda: again.of(Digit), "what happened meanwhile is told")
        await again.plan("c", CallPhase.ENDED, epoch=3, version=10)
        await caller.closed()
        await until(lambda: len(again.of(LegDown)) == 2, "facts flow again")
        await control.stop(end_calls=True)
    await until(lambda: not alive(said["worker"]), "the worker has gone")


async def test_facts_that_the_broker_did_not_finish_come_again(tmp_path: Path) -> None:
    first = WorkerControl(worker_config(tmp_path))
    stuck = asyncio.Event()

    async def die_in_the_middle(_: object) -> None:
        stuck.set()
        await asyncio.Event().wait()

    await first.start(die_in_the_middle)
    desk_one = Desk(first)
    async with await desk_one.stream("c"):
        await stuck.wait()
        await first.stop(end_calls=False)
        second = WorkerControl(worker_config(tmp_path))
        desk_two = Desk(second)
        await second.start(desk_two.keep)
        await until(lambda: desk_two.of(LegUp), "the fact comes again")
        await second.stop(end_calls=True)


async def test_a_worker_that_dies_is_replaced_and_told_what_should_be(tmp_path: Path) -> None:
    async with desk(tmp_path) as media:
        await media.plan("c", CallPhase.OPERATOR, epoch=1, version=4)
        token = await media.admit("c", LegRole.CALLER, "stream")
        console = await media.console("c")
        await until(lambda: media.of(LegUp), "up")
        assert media.control._link is not None
        url, victim = media.control.media_url("stream"), media.control._link.welcome.pid
        os.kill(victim, signal.SIGKILL)
        await until(lambda: media.of(LegDown), "the lost leg is reported")
        (down,) = media.of(LegDown)
        assert isinstance(down, LegDown)
        assert (down.reason, down.clean, down.epoch) == ("worker_lost", False, 1)
        assert media.control.media_url("stream") == url
        async with await StreamLeg().open(url, token) as caller, await media.console("c") as back:
            back.speak(880)
            await caller.hears(880)
        await console.close()
        assert not alive(victim)


async def test_an_order_waits_for_the_next_worker(tmp_path: Path) -> None:
    async with desk(tmp_path) as media:
        assert media.control._link is not None
        os.kill(media.control._link.welcome.pid, signal.SIGKILL)
        async with await media.stream("c", LegRole.CALLER):
            pass


async def test_only_one_worker_runs_in_a_data_directory(tmp_path: Path) -> None:
    async with desk(tmp_path) as media:
        config = worker_config(tmp_path)
        other = start("server.media.worker", config.control_path, msgspec.json.encode(config))
        codes: list[int] = []

        def over() -> bool:
            code = exit_code(other)
            if code is not None:
                codes.append(code)
            return code is not None

        await until(over, "the second worker leaves")
        assert codes == [EXIT_ALREADY_RUNNING]
        async with await media.console("c"):
            pass


async def test_two_brokers_that_start_at_once_share_one_worker(tmp_path: Path) -> None:
    controls = [WorkerControl(worker_config(tmp_path)) for _ in range(2)]
    starts = await asyncio.gather(*(control.start(Desk(control).keep) for control in controls), return_exceptions=True)
    await until(lambda: sum(control._refused is not None for control in controls) == 1, "one is sent away")
    for control, calls in zip(controls, starts, strict=True):
        if control._refused is None:
            assert calls == ()
            await Desk(control).plan("c", CallPhase.HOLD)
        else:
            assert control._refused.code == "media_superseded"
            with pytest.raises(ProviderError):
                await Desk(control).plan("c", CallPhase.HOLD)
    for control in controls:
        await control.stop(end_calls=control._refused is None)


async def test_a_handler_that_raises_gets_the_fact_again_and_orders_go_on(tmp_path: Path) -> None:
    control = WorkerControl(worker_config(tmp_path))
    seen: list[str] = []

    async def raise_at_first(fact: MediaFact) -> None:
        seen.append(type(fact).__name__)
        if len(seen) <= 2:
            raise ProviderError("database_busy", "Not now.")
        await media.keep(fact)

    media = Desk(control)
    await control.start(raise_at_first)
    async with await media.stream("c"):
        await until(lambda: media.facts, "taken at the third attempt")
    await until(lambda: media.of(LegDown), "the next fact")
    assert seen == ["LegUp", "LegUp", "LegUp", "LegDown"]
    await control.stop(end_calls=True)


async def test_the_control_socket_is_for_its_owner_alone(tmp_path: Path) -> None:
    async with desk(tmp_path):
        for name in ("m.sock", "m.sock.log", "m.sock.lock"):
            assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600


async def test_no_signal_of_the_brokers_terminal_reaches_the_worker(tmp_path: Path) -> None:
    async with desk(tmp_path) as media:
        assert media.control._link is not None
        pid = media.control._link.welcome.pid
        assert os.getsid(pid) == os.getpgid(pid) == pid != os.getsid(0)


async def test_the_twilio_secret_is_not_in_the_list_of_processes(tmp_path: Path) -> None:
    async with desk(tmp_path, twilio_auth_token="s3cret-auth", public_url="wss://example.org") as media:
        assert media.control._link is not None
        pid = media.control._link.welcome.pid
        assert b"s3cret-auth" not in Path(f"/proc/{pid}/cmdline").read_bytes()
        assert b"s3cret-auth" not in Path(f"/proc/{pid}/environ").read_bytes()


@pytest.mark.parametrize("with_call", [False, True])
async def test_a_worker_nobody_needs_ends_itself(tmp_path: Path, with_call: bool) -> None:
    control = WorkerControl(worker_config(tmp_path, orphan_seconds=0.3, orphan_calls_seconds=1.5))
    one = Desk(control)
    await control.start(one.keep)
    assert control._link is not None
    pid = control._link.welcome.pid
    caller = await one.stream("c") if with_call else None
    await control.stop(end_calls=False)
    if caller is not None:
        await asyncio.sleep(0.8)
        assert alive(pid), "a live call keeps it"
        await caller.closed()
        await caller.close()
    await until(lambda: not alive(pid), "gone")
    exit_code(pid)
    assert not (tmp_path / "m.sock").exists()


async def test_a_broker_keeps_an_idle_worker_alive(tmp_path: Path) -> None:
    async with desk(tmp_path, orphan_seconds=0.3) as media:
        assert media.control._link is not None
        pid = media.control._link.welcome.pid
        await asyncio.sleep(1.0)
        assert alive(pid)


async def test_a_port_that_is_taken_is_said_at_once(tmp_path: Path) -> None:
    async with desk(tmp_path) as media:
        other = tmp_path / "other"
        other.mkdir()
        control = WorkerControl(worker_config(other, port=media.control._port))
        with pytest.raises(ProviderError) as refused:
            await control.start(media.keep)
        assert refused.value.code == "media_listener_failed"
        await control.stop(end_calls=True)


async def test_settings_that_would_carry_audio_in_clear_text_are_refused(tmp_path: Path) -> None:
    control = WorkerControl(worker_config(tmp_path, host="0.0.0.0"))
    with pytest.raises(ProviderError) as refused:
        await control.start(Desk(control).keep)
    assert refused.value.code == "media_misconfigured"
    assert not refused.value.retryable


def test_a_worker_refuses_settings_it_does_not_know() -> None:
    worker = subprocess.run(
        [sys.executable, "-m", "server.media.worker"], input=b'{"colour":"blue"}', capture_output=True, check=False
    )
    assert worker.returncode == EXIT_BAD_CONFIG
    assert EXIT_CANNOT_LISTEN != EXIT_BAD_CONFIG
    assert b"media worker:" in worker.stderr


async def test_a_link_whose_closing_was_cancelled_can_be_closed_again(tmp_path: Path) -> None:
    async with desk(tmp_path) as media:
        link = await open_link(media.control._config.control_path)
        assert link is not None
        closing = asyncio.ensure_future(link.close())
        await asyncio.sleep(0)
        closing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await closing
        await link.close()

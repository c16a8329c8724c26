"""The measurements at small sizes: they run the real console in a real pty, report every field, and count right.

No figure is judged here: that is done by people, on a quiet machine.
"""

import json
import sys

import pytest

from operator_console.bench.broker import BenchBroker, bench_broker
from operator_console.bench.desk_data import BenchDesk
from operator_console.bench.failure import BenchError
from operator_console.bench.terminal import BenchTerminal, bench_terminal
from operator_console.cli.app import run
from operator_console.client.address import parse_address
from operator_console.client.rest import RestClient
from operator_console.clock import SystemClock
from server.wire.frames import Batch
from server.wire.terms import ConversationId

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(sys.platform == "win32", reason="needs a pty: run on Linux or macOS"),
]

FIELDS = {"name", "value", "unit", "target", "verdict"}
NOISE = {"load_before", "load_after", "cores", "timer_late_p95_ms"}


def told(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, object]:
    """The JSON of one bench command."""
    assert run(["bench", *words, "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert set(report) == {"bench", "setting", "measures", "noise"}
    assert report["bench"] == words[0]
    assert set(report["noise"]) == NOISE
    for one in report["measures"]:
        assert set(one) == FIELDS
        judged = one["target"] is not None and one["value"] is not None
        assert (one["verdict"] in {"met", "short"}) == judged
    return report


def values(report: dict[str, object]) -> dict[str, float | None]:
    measures = report["measures"]
    assert isinstance(measures, list)
    return {one["name"]: one["value"] for one in measures}


def test_keys_are_pressed_and_answered_at_each_size_and_the_targets_follow_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    words = ("--rows", "30", "--rows", "70", "--keys", "45", "--seconds", "0.5", "--turns", "300", "--changes", "20")
    report = told(capsys, "keys", *words)
    found = values(report)
    for size in ("30", "70"):
        assert found[f"{size} rows: keys answered"] == 45
        assert found[f"{size} rows: key to frame, p50"]
        assert 10 < (found[f"{size} rows: changes told"] or 0) < 25
        assert found[f"{size} rows: memory"]
        assert f"{size} rows: processor, hands off" in found
    targets = {one["name"]: one["target"] for one in report["measures"]}  # type: ignore[attr-defined]
    assert targets["30 rows: key to frame, p50"] == 10
    assert targets["30 rows: key to frame, p95"] == 30
    assert targets["30 rows: processor, hands off"] == 12
    assert targets["30 rows: memory"] == 80
    assert report["setting"] == {"keys": 45, "changes_per_second": 20, "transcript_turns": 300}


def test_a_long_conversation_is_loaded_left_opened_and_followed(capsys: pytest.CaptureFixture[str]) -> None:
    words = ("--turns", "450", "--keys", "4", "--seconds", "0.5", "--hostile-bytes", "50000")
    found = values(told(capsys, "transcript", *words))
    assert found["load of 450 turns"] is not None
    assert found["key to frame, opening the long conversation, p50"]
    assert found["2 turns/s: key to frame, p50"]
    assert found["20 turns/s: key to frame, p95"]
    assert found["big message, wire to frame"]
    assert found["message of 50,000 bytes, escapes"]


def test_starts_are_timed_to_the_first_screen_and_to_the_rows(capsys: pytest.CaptureFixture[str]) -> None:
    found = values(told(capsys, "start", "--runs", "2", "--rows", "5"))
    least, median, most = (found[f"start to first screen, {word}"] for word in ("least", "median", "max"))
    assert least
    assert median
    assert most
    assert least <= median <= most
    assert found["start to the queue, median"]


def test_the_whole_queue_command_is_timed_and_must_print_every_session(capsys: pytest.CaptureFixture[str]) -> None:
    found = values(told(capsys, "queue", "--runs", "2", "--rows", "7"))
    assert found["sessions printed"] == 7
    assert found["queue --json, median"]


def test_for_people_there_is_a_table_on_stdout_and_the_noise_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["bench", "queue", "--runs", "1", "--rows", "1"]) == 0
    out, err = capsys.readouterr()
    assert out.splitlines()[0].split() == ["measure", "value", "target", "verdict"]
    assert "≤ 250 ms" in out
    assert "Load " in err


class ShortBroker(BenchBroker):
    """A broker that shows one session less over REST than it should."""

    def _answer(self, target: str) -> tuple[str, object]:
        status, body = super()._answer(target)
        return status, body[1:] if isinstance(body, list) else body


def test_a_command_that_prints_too_little_is_not_timed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("operator_console.bench.broker.BenchBroker", ShortBroker)
    assert run(["bench", "queue", "--runs", "1", "--rows", "3"]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert "did not print 3 sessions" in err


async def test_the_made_up_broker_keeps_connections_open_and_pages() -> None:
    clock = SystemClock()
    async with bench_broker(BenchDesk(3, 450, clock.now()), clock) as broker:
        async with RestClient(parse_address(broker.url), "any") as client:
            turns = await client.messages(ConversationId("con-00000"))
            assert (await client.me()).name == "Bench"
        assert [turn.position for turn in turns] == list(range(1, 451))
        assert broker.asked["/v1/conversations/con-00000/messages"] == 3
        assert broker.connections == 1


async def test_changes_come_at_the_rate_asked_for_and_zero_means_none() -> None:
    clock = SystemClock()
    async with bench_broker(BenchDesk(3, 10, clock.now()), clock) as broker:
        await broker.keep_changing(0, _never)
        assert broker.changes == 0


def _never() -> Batch:
    raise AssertionError


async def test_a_screen_that_never_comes_is_told_with_what_is_there_instead() -> None:
    clock = SystemClock()
    async with bench_broker(BenchDesk(3, 10, clock.now()), clock) as broker, bench_terminal(broker.url, clock) as shown:
        await shown.shows(lambda painted: "1 Queue" in painted, "the desk", 60)
        shown.mark()
        with pytest.raises(BenchError, match=r"did not show a unicorn in 0\.2 s"):
            await shown.shows(lambda painted: "unicorn" in painted, "a unicorn", 0.2)


async def test_a_console_that_ends_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("operator_console.bench.terminal.TOKEN", "not one word")
    with pytest.raises(BenchError, match="ended by itself"):
        await _first_screen()


async def _first_screen() -> BenchTerminal:
    async with bench_terminal("http://127.0.0.1:9", SystemClock()) as shown:
        await shown.shows(lambda painted: "1 Queue" in painted, "the desk", 60)
        return shown


def test_a_calls_sound_is_measured_beside_a_busy_screen(capsys: pytest.CaptureFixture[str]) -> None:
    report = told(capsys, "audio", "--seconds", "3", "--rows", "30", "--changes", "20", "--backend", "null")
    found = values(report)
    (xruns,) = [name for name in found if name.startswith("xruns (null, ")]
    assert found[xruns] is not None
    assert any(word in xruns for word in ("real-time", "raised", "normal"))
    assert 20 < (found["frames that reached the caller"] or 0) < 60
    assert (found["delay, p50"] or 0) > 0
    assert found["delay, worst"] >= found["delay, p50"]  # type: ignore[operator]
    assert found["restarts of the audio process"] == 0
    assert found["audio process: processor"] is not None
    assert 5 < (found["screen: changes told"] or 0) < 25


def test_a_sound_library_that_there_is_not_is_refused_by_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["bench", "audio", "--backend", "gramophone"]) == 2
    assert "sounddevice" in capsys.readouterr().err

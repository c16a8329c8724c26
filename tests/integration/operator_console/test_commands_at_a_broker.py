"""The command line and the console's connection at a whole broker: a chat from the queue to the history, and a call."""

import asyncio
import json
import os
import re
import signal
import struct
import sys
import wave
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio

from operator_console.cli.app import run
from operator_console.client.address import parse_address
from operator_console.client.desk import BrokerDesk
from operator_console.exit_codes import ExitCode
from operator_console.model.inputs import Connected, DeskEvent, Disconnected
from server.bench.process import Running, running_broker
from server.wire.commands import Accept, Say
from server.wire.frames import Batch, Snapshot
from server.wire.terms import ConversationId
from tests import live
from tests.media_clients import StreamLeg, share, tone, until

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def one_broker() -> AsyncIterator[Running]:
    async with running_broker('[desk]\nrouting = "pull"\n[translation]\nkind = "script"\n') as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def broker(one_broker: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Running:
    """The broker of all tests here, and a new operator of this test's own."""
    mine = replace(one_broker, operator=await live.operator(one_broker, tmp_path.name))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("OPERATOR_SERVER", mine.url)
    monkeypatch.setenv("OPERATOR_TOKEN", mine.operator)
    return mine


class Shell:
    """The command line, run in threads of this process."""

    def __init__(self, capture: pytest.CaptureFixture[str]) -> None:
        self._capture = capture

    async def __call__(self, *words: str) -> tuple[int, str, str]:
        self._capture.readouterr()
        code = await asyncio.to_thread(run, list(words))
        return (code, *self._capture.readouterr())


@pytest.fixture
def shell(capsys: pytest.CaptureFixture[str]) -> Shell:
    return Shell(capsys)


async def test_a_chat_is_taken_answered_and_closed_by_commands_alone(broker: Running, shell: Shell) -> None:
    session = await live.chat(broker, "Anna\x1b]0;owned\x07 Smith")
    number = str(session["number"])
    code, out, _ = await shell("queue")
    assert code == 0
    assert number in out
    assert "\x1b" not in out
    assert (await shell("say", number, "too early"))[0] == ExitCode.CONFLICT
    assert (await shell("duty", "on"))[0] == 0
    assert (await shell("accept", number))[0] == 0
    assert (await shell("say", number, "Hello Anna"))[0] == 0
    assert (await shell("note", number, "a regular"))[0] == 0
    code, out, _ = await shell("show", number, "-t", "--json")
    said = [(turn["author"], turn["text"]) for turn in json.loads(out)["messages"]]
    assert ("operator", "Hello Anna") in said
    assert ("note", "a regular") in said
    assert (await shell("resolve", number, "--note", "sent it again", "--about", "delivery"))[0] == 0
    assert (await shell("wrap-up", number))[0] == 0
    assert number not in (await shell("queue"))[1]
    code, out, _ = await shell("history", "sent again", "--json")
    (kept,) = json.loads(out)["sessions"]
    assert (kept["number"], kept["outcome"], kept["disposition"]) == (session["number"], "resolved", "delivery")
    assert (await shell("accept", number))[0] == ExitCode.NOT_FOUND


async def test_a_reply_goes_out_as_the_customer_reads_it_or_as_written_and_says_so(
    broker: Running, shell: Shell
) -> None:
    async with live.rest(broker) as client:
        conversation = (await client.post("/v1/conversations", json={"medium": "chat"})).json()
        path = f"/v1/conversations/{conversation['id']}"
        said = {"author": "customer", "text": "Mein Paket ist nicht angekommen."}
        await client.post(f"{path}/messages", json=said)
        number = (await client.post(f"{path}/handoffs", json={"reason": "a person"})).json()["number"]
    assert (await shell("duty", "on"))[0] == 0
    assert (await shell("accept", number))[0] == 0

    async def known() -> bool:
        return "English: My parcel has not arrived." in (await shell("show", number, "-t"))[1]

    async with asyncio.timeout(30):
        while not await known():
            await asyncio.sleep(0.1)
    assert await shell("say-translated", number, "One moment, please.", "--dry-run") == (
        0,
        "Einen Moment, bitte.\n",
        "",
    )
    assert await shell("say-translated", number, "One moment, please.") == (0, "", "Sent: Einen Moment, bitte.\n")
    code, _, err = await shell("say-translated", number, "That is no phrase of the book.")
    assert (code, err) == (0, "No translation came (it is no phrase of the book): sent as written.\n")
    _, out, _ = await shell("show", number, "-t", "--json")
    said_by_us = [turn for turn in json.loads(out)["messages"] if turn["author"] == "operator"]
    assert [(turn["text"], turn["translation"]["state"]) for turn in said_by_us] == [
        ("Einen Moment, bitte.", "written"),
        ("That is no phrase of the book.", "failed"),
    ]
    assert said_by_us[0]["translation"]["text"] == "One moment, please."
    assert (await shell("translate", number, "off"))[0] == 0
    _, out, _ = await shell("show", number, "--json")
    assert '"translation":"off"' in out.replace(" ", "")


async def test_what_an_ai_asks_is_answered_by_commands_alone(broker: Running, shell: Shell) -> None:
    async with live.rest(broker) as client:
        conversation = (await client.post("/v1/conversations", json={"medium": "chat"})).json()
        path = f"/v1/conversations/{conversation['id']}/handoffs"
        asked = (await client.post(path, json={"kind": "assist", "reason": "May I refund 20?"})).json()
        first, second = [
            (await client.post(path, json={"kind": "approve", "reason": f"Refund {money}"})).json()
            for money in (30, 500)
        ]
    number = asked["number"]
    code, out, _ = await shell("queue")
    assert code == 0
    assert re.search(rf"{number}.*assist, \d+:\d\d left.*May I refund 20", out)
    assert "then the AI goes on without an answer" in (await shell("show", number))[1]
    assert (await shell("approve", number))[0] == ExitCode.REFUSED
    code, out, _ = await shell("answer", number, "Yes,", "20.", "--json")
    told = json.loads(out)["session"]
    assert (code, told["outcome"], told["note"]) == (0, "answered", "Yes, 20.")
    assert (await shell("approve", first["number"], "--note", "fine"))[0] == 0
    code, out, _ = await shell("approve", second["number"], "--no", "--json")
    assert (code, json.loads(out)["session"]["outcome"]) == (0, "declined")
    assert (await shell("answer", number, "again"))[0] == ExitCode.NOT_FOUND
    code, out, _ = await shell("history", "Refund 30", "--json")
    (kept,) = json.loads(out)["sessions"]
    assert (kept["kind"], kept["outcome"], kept["note"]) == ("approve", "approved", "fine")


async def test_a_stranger_a_colleague_and_a_viewer_are_refused_each_with_a_code(
    broker: Running, shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = str((await live.chat(broker))["number"])
    assert (await shell("accept", number))[0] == 0
    monkeypatch.setenv("OPERATOR_TOKEN", await live.operator(broker, "Ben"))
    assert (await shell("accept", number))[0] == ExitCode.CONFLICT
    assert (await shell("resolve", number))[0] == ExitCode.CONFLICT
    monkeypatch.setenv("OPERATOR_TOKEN", await live.operator(broker, "Eve", "viewer"))
    assert (await shell("duty", "on"))[0] == ExitCode.NOT_AUTHORISED
    monkeypatch.setenv("OPERATOR_TOKEN", "unknown")
    for words in (("queue",), ("accept", number), ("watch", "--once"), ("doctor", "--no-audio")):
        assert (await shell(*words))[0] in {ExitCode.NOT_AUTHORISED, ExitCode.REFUSED}
    monkeypatch.setenv("OPERATOR_TOKEN", broker.key)
    assert (await shell("accept", number))[0] == ExitCode.NOT_AUTHORISED, "an assistant's key is no operator"


async def test_a_command_that_comes_and_goes_is_not_a_console_that_is_lost(broker: Running, shell: Shell) -> None:
    number = str((await live.chat(broker))["number"])
    assert (await shell("accept", number))[0] == 0
    code, out, _ = await shell("show", number, "--json")
    assert code == 0
    assert "operator_lost_at" not in json.loads(out)["session"]
    code, out, _ = await shell("team", "--json")
    assert not [person for person in json.loads(out) if person.get("connected")]


async def test_a_console_resumes_at_the_broker_without_a_snapshot_and_a_press_on_a_dead_line_counts_once(
    broker: Running,
) -> None:
    first = await live.chat(broker, "first")
    desk = BrokerDesk(parse_address(broker.url), broker.operator)
    seen: list[DeskEvent] = []

    async def follow() -> None:
        async for event in desk.events():
            seen.append(event)  # noqa: PERF401 - others look at the list while it grows

    following = asyncio.get_running_loop().create_task(follow())
    try:
        await until(lambda: any(isinstance(event, Snapshot) for event in seen), "a snapshot")
        await until(lambda: any(isinstance(event, Connected) and event.rtt_ms for event in seen), "a round trip")
        line = desk._socket._open
        assert line is not None
        line.transport.abort()
        accept = Accept(id=live.fresh(), session_id=first["id"], epoch=int(first.get("epoch", 0)))
        reply = await desk.send(accept)
        assert reply.ok, reply
        assert reply.session is not None
        say = Say(id=live.fresh(), session_id=reply.session.id, epoch=reply.session.epoch, text="once")
        one, two = await asyncio.gather(desk.send(say), desk.send(say))
        line = desk._socket._open
        assert line is not None
        line.transport.abort()
        assert one == two == await desk.send(say)
        turns = await desk.transcript(ConversationId(str(first["conversation_id"])), 0)
        assert [turn.text for turn in turns].count("once") == 1
        await until(lambda: sum(isinstance(event, Disconnected) for event in seen) == 2, "two drops")
        await until(lambda: isinstance(seen[-1], Batch | Connected), "news after the drops")
        assert sum(isinstance(event, Snapshot) for event in seen) == 1
        numbers = [
            number for event in seen if isinstance(event, Batch) for number in range(event.first, event.last + 1)
        ]
        assert numbers == sorted(set(numbers)), "each number once, in order"
    finally:
        following.cancel()
        await asyncio.wait({following})
        await desk.close()


async def test_the_doctor_is_content_with_a_broker_on_this_machine(broker: Running, shell: Shell) -> None:
    code, out, _ = await shell("doctor", "--no-audio", "--json")
    assert code == 0
    assert {one["name"]: one["health"] for one in json.loads(out)}["clock"] == "ok"


async def test_a_whole_call_is_held_from_the_command_line_and_ctrl_c_gives_the_caller_back(
    broker: Running, tmp_path: Path
) -> None:
    spoken, heard = tmp_path / "spoken.wav", tmp_path / "heard.wav"
    write_tone(spoken, 880.0)
    config = tmp_path / "console.toml"
    config.write_text(f'[audio]\nbackend = "file"\nfile_microphone = "{spoken}"\nfile_speaker = "{heard}"\n')
    async with live.rest(broker) as client:
        started = (await client.post("/v1/conversations", json={"medium": "voice", "customer_name": "Carl"})).json()
        path = f"/v1/conversations/{started['id']}"
        caller_grant = (await client.post(f"{path}/legs", json={"role": "caller"})).json()
        async with StreamLeg() as caller:
            await caller.open(caller_grant["url"], caller_grant["token"])
            caller.speak(1000.0)
            session = (await client.post(f"{path}/handoffs", json={"reason": "asked for a person"})).json()
            talking = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "operator_console", "--config", str(config)),
                *("accept", str(session["number"]), "--talk", "--json"),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                env=dict(os.environ),
            )
            try:
                await caller.hears(880.0)
                talking.send_signal(signal.SIGINT)
                out, err = await asyncio.wait_for(talking.communicate(), 20)
            finally:
                if talking.returncode is None:
                    talking.kill()
                    await talking.wait()
            assert talking.returncode == 0, err.decode()
            assert json.loads(out)["ok"] is True
            assert not re.search(rb"token", out), "the media token is not printed"
            operator_client = live.rest(broker, broker.operator)
            async with operator_client:
                after = (await operator_client.get(f"/v1/sessions/{session['number']}")).json()
            assert after["state"] in {"wrap_up", "closed"}
            assert not caller.gone.is_set(), "the caller is still on the line, with the assistant"
    with wave.open(str(heard)) as file:
        pcm = file.readframes(file.getnframes())
        rate = file.getframerate()
    last = pcm[-rate * 2 :]
    loud = [last[at : at + rate // 5] for at in range(0, len(last) - rate // 5, rate // 5)]
    assert any(share(piece, 1000.0, rate) > 0.9 for piece in loud), "the operator heard the caller"


def write_tone(path: Path, hertz: float) -> None:
    """Write one second of a sine as a WAV of 16 kHz."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(struct.calcsize("h"))
        file.setframerate(16_000)
        file.writeframes(b"".join(tone(hertz, 16_000, number) for number in range(50)))

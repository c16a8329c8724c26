"""The command line against a broker on real sockets: data on stdout, talk on stderr, documented exit codes."""

import asyncio
import io
import json
import os
import signal
import stat
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from operator_console.cli.app import run
from operator_console.exit_codes import ExitCode
from server.wire.commands import Accept, Command, Decline, End, FollowUp, Requeue, Resolve, Say, SetPresence, Translate
from server.wire.errors import ErrorBody
from server.wire.events import MessageAdded, OperatorChanged, SessionActive, SessionClosed
from server.wire.frames import Batch, Goodbye
from server.wire.terms import Author, Medium, MessageId, OperatorId, Outcome, Presence, SessionState
from server.wire.views import MediaGrant, MessageView, MeView, Page
from tests.fakes.scripted_broker import (
    AT,
    ME,
    TOKEN,
    Line,
    ScriptedBroker,
    operator_view,
    scripted_broker,
    session_view,
    snapshot,
)

pytestmark = pytest.mark.integration


class Desk:
    """A scripted broker and a person's folders, and the command line run on them."""

    def __init__(self, broker: ScriptedBroker, home: Path, capture: pytest.CaptureFixture[str]) -> None:
        self.broker = broker
        self.home = home
        self._capture = capture

    async def run(self, *words: str) -> tuple[int, str, str]:
        """Run one command line in a thread; return exit code, stdout, stderr."""
        self._capture.readouterr()
        code = await asyncio.to_thread(run, list(words))
        out, err = self._capture.readouterr()
        return code, out, err


@pytest.fixture
async def desk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> AsyncIterator[Desk]:
    async def greet(line: Line) -> None:
        await line.say(snapshot(10, session_view(), session_view(7, reason="older")))
        while True:
            command = await line.commands.get()
            await line.reply(command, session=session_view())

    async with scripted_broker(greet) as broker:
        monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
        monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
        monkeypatch.setenv("OPERATOR_SERVER", broker.url)
        monkeypatch.setenv("OPERATOR_TOKEN", TOKEN)
        broker.rest = {
            "/v1/sessions": (200, [session_view(), session_view(7)]),
            "/v1/sessions/42": (200, session_view()),
            "/v1/operators": (200, [operator_view()]),
            "/v1/history": (200, Page(sessions=(closed(),), next_before="n1")),
            "/v1/me": (200, MeView(kind="operator", name="Olga", organisation_id="org", operator=operator_view())),
            "/healthz": (200, {"status": "ok", "version": "0.1.0", "protocol": 1}),
        }
        yield Desk(broker, tmp_path, capsys)


def closed() -> object:
    return session_view(
        41, state=SessionState.CLOSED, outcome=Outcome.RETURNED, operator_id=ME, active_at=AT, ended_at=AT, closed_at=AT
    )


async def given(desk: Desk) -> Command:
    """The one order that reached the broker (before its script took it from the queue, so from the replies)."""
    return desk.broker.lines[-1].given[-1]


async def test_the_queue_is_a_table_for_people_and_json_for_programs(desk: Desk) -> None:
    code, out, err = await desk.run("queue")
    assert (code, err) == (0, "")
    head, first, second = out.splitlines()
    assert head.split() == ["number", "wait", "medium", "customer", "mood", "state", "reason"]
    assert first.startswith("H-0042")
    assert second.startswith("H-0007")
    code, out, err = await desk.run("queue", "--json")
    assert (code, err) == (0, "")
    assert [session["number"] for session in json.loads(out)] == ["H-0042", "H-0007"]


async def test_an_empty_queue_says_so_on_stderr_and_prints_no_data(desk: Desk) -> None:
    desk.broker.rest["/v1/sessions"] = (200, [])
    assert await desk.run("queue") == (0, "", "Nobody waits.\n")
    assert await desk.run("queue", "--json") == (0, "[]\n", "")


async def test_show_prints_the_card_and_on_wish_the_whole_conversation(desk: Desk) -> None:
    turn = MessageView(
        id=MessageId("m1"),
        conversation_id=session_view().conversation_id,
        position=1,
        author=Author.CUSTOMER,
        text="Hi\nmy order",
        at=AT,
    )
    desk.broker.rest[f"/v1/conversations/{session_view().conversation_id}/messages"] = (200, [turn])
    code, out, _ = await desk.run("show", "42", "--transcript")
    assert code == 0
    assert "Anna Smith" in out
    assert "Charged twice for order 88120." in out
    assert "Customer: Hi\n         my order" in out
    code, out, _ = await desk.run("show", "42", "-t", "--json")
    assert json.loads(out)["messages"][0]["text"] == "Hi\nmy order"


async def test_history_and_team_are_listed(desk: Desk) -> None:
    code, out, err = await desk.run("history", "--limit", "1")
    assert code == 0
    assert "back to AI" in out
    assert "Olga" in out
    assert "--before n1" in err
    code, out, _ = await desk.run("team")
    assert code == 0
    assert "on duty" in out


ORDERS = [
    (("say", "42", "Hello", "there"), Say, {"text": "Hello there"}),
    (("translate", "42", "off"), Translate, {"on": False}),
    (("decline", "h-42", "--reason", "lunch"), Decline, {"reason": "lunch"}),
    (("requeue", "H-0042", "--queue", "billing", "--note", "n"), Requeue, {"queue": "billing", "note": "n"}),
    (("resolve", "42", "--about", "refund", "--hang-up"), Resolve, {"disposition": "refund", "hang_up": True}),
    (("end", "42", "--yes"), End, {}),
    (("follow-up", "42", ""), FollowUp, {"text": ""}),
    (("accept", "ses-0042"), Accept, {}),
]


@pytest.mark.parametrize(("words", "kind", "parts"), ORDERS, ids=[words[0][0] for words in ORDERS])
async def test_an_order_names_the_session_and_its_epoch(
    desk: Desk, words: tuple[str, ...], kind: type[object], parts: dict[str, object]
) -> None:
    code, out, err = await desk.run(*words)
    assert (code, out) == (0, ""), err
    order = await given(desk)
    assert isinstance(order, kind)
    assert msgspec.to_builtins(order).items() >= {"session_id": "ses-0042", "epoch": 3, **parts}.items()
    hello = desk.broker.lines[-1].hello
    assert hello.brief, "a command that comes and goes is not the operator's console"
    assert not hello.view_only


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        (("press", "42", "12 3#a"), {"type": "dtmf", "digits": "123#A"}),
        (("record", "42", "off"), {"type": "pause_recording", "on": True}),
        (("record", "42", "on"), {"type": "pause_recording", "on": False}),
        (("consent", "42", "refused"), {"type": "consent", "consent": "refused"}),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
async def test_keys_recording_and_consent_are_commands_too(
    desk: Desk, words: tuple[str, ...], parts: dict[str, object]
) -> None:
    code, _, err = await desk.run(*words)
    assert code == 0, err
    assert msgspec.to_builtins(await given(desk)).items() >= parts.items()
    assert (await desk.run("press", "42", "x"))[0] == ExitCode.USAGE


@pytest.mark.parametrize(
    ("name", "on"), [("mute", True), ("unmute", False), ("hold", True), ("unhold", False)], ids=str
)
async def test_a_switch_is_two_commands(desk: Desk, name: str, on: bool) -> None:
    code, _, _ = await desk.run(name, "42")
    assert code == 0
    assert msgspec.to_builtins(await given(desk)).get("on") is on


async def test_duty_is_chosen_without_a_session(desk: Desk) -> None:
    code, _, err = await desk.run("duty", "away", "--reason", "lunch")
    assert code == 0, err
    order = await given(desk)
    assert isinstance(order, SetPresence)
    assert (order.presence, order.reason) == (Presence.AWAY, "lunch")
    assert (await desk.run("duty", "lunch"))[0] == ExitCode.USAGE


async def test_the_oldest_is_the_one_who_has_waited_longest_for_anybody(desk: Desk) -> None:
    waits = session_view(99, queued_at=AT.replace(hour=11))
    rings_elsewhere = session_view(
        8, state=SessionState.OFFERED, offered_to=OperatorId("op-2"), queued_at=AT.replace(hour=9)
    )
    live = session_view(6, state=SessionState.ACTIVE, operator_id=ME, queued_at=AT.replace(hour=8))

    async def greet(line: Line) -> None:
        await line.say(snapshot(10, session_view(), waits, rings_elsewhere, live))
        await line.reply(await line.commands.get(), session=waits)

    desk.broker.scripts = [greet]
    assert (await desk.run("accept", "--oldest"))[0] == 0
    assert msgspec.to_builtins(await given(desk))["session_id"] == "ses-0099"


async def test_a_media_token_is_not_printed(desk: Desk) -> None:
    grant = MediaGrant(
        url="ws://127.0.0.1:1/", token="one-time-secret", epoch=4, expires_at=AT, call_id=session_view().conversation_id
    )

    async def greet(line: Line) -> None:
        call = session_view(medium=Medium.VOICE)
        await line.say(snapshot(10, call))
        await line.reply(await line.commands.get(), session=call, media=grant)

    desk.broker.scripts = [greet]
    code, out, err = await desk.run("accept", "42", "--json")
    assert code == 0
    assert json.loads(out)["ok"] is True
    assert "one-time-secret" not in out + err
    assert "console" in err, "who opens the audio is said"


REFUSALS = [
    (ErrorBody("already_taken", "H-0042 is already taken.", "Pick another one."), ExitCode.CONFLICT),
    (ErrorBody("stale_epoch", "It has moved on."), ExitCode.CONFLICT),
    (ErrorBody("not_allowed", "A viewer may not accept."), ExitCode.NOT_AUTHORISED),
    (ErrorBody("no_such_session", "Gone."), ExitCode.NOT_FOUND),
    (ErrorBody("empty_text", "There is nothing to send."), ExitCode.REFUSED),
]


@pytest.mark.parametrize(("body", "code"), REFUSALS, ids=[body.code for body, _ in REFUSALS])
async def test_each_refusal_has_its_exit_code_and_nothing_on_stdout(
    desk: Desk, body: ErrorBody, code: ExitCode
) -> None:
    async def refuse(line: Line) -> None:
        await line.say(snapshot(10, session_view()))
        await line.reply(await line.commands.get(), ok=False, error=body)

    desk.broker.scripts = [refuse]
    assert await desk.run("accept", "42") == (code, "", f"{body.message} {body.hint}".strip() + "\n")
    got, out, err = await desk.run("accept", "42", "--json")
    assert (got, out) == (code, "")
    assert json.loads(err)["code"] == body.code


async def test_what_can_not_be_reached_or_found_or_used_has_its_own_code(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (await desk.run("accept", "999"))[0] == ExitCode.NOT_FOUND
    assert (await desk.run("show", "999"))[0] == ExitCode.NOT_FOUND
    assert (await desk.run("say", "42", ""))[0] == ExitCode.USAGE
    monkeypatch.setenv("OPERATOR_TOKEN", "wrong")
    for command in (("queue",), ("accept", "42"), ("watch",)):
        code, out, err = await desk.run(*command)
        assert (code, out) == (ExitCode.NOT_AUTHORISED, "")
        assert "Log in again." in err
    assert (await desk.run("--server", "http://127.0.0.1:1", "queue"))[0] == ExitCode.CANNOT_CONNECT
    assert (await desk.run("--server", "http://127.0.0.1:1", "say", "42", "x"))[0] == ExitCode.CANNOT_CONNECT
    assert (await desk.run("--server", "http://10.0.0.1", "queue"))[0] == ExitCode.USAGE
    monkeypatch.delenv("OPERATOR_TOKEN")
    assert (await desk.run("queue"))[0] == ExitCode.NOT_AUTHORISED
    (desk.home / "bad.toml").write_text("[servr]\nurl = 'x'\n")
    code, _, err = await desk.run("--config", str(desk.home / "bad.toml"), "queue")
    assert code == ExitCode.USAGE
    assert "[server]" in err


async def test_a_press_on_the_command_line_survives_a_broken_connection(desk: Desk) -> None:
    async def deaf(line: Line) -> None:
        await line.say(snapshot(10, session_view()))
        await line.commands.get()
        line.drop()

    async def well(line: Line) -> None:
        await line.reply(await line.commands.get(), session=session_view())

    desk.broker.scripts = [deaf, well]
    assert (await desk.run("accept", "42"))[0] == 0
    first, second = (line.given for line in desk.broker.lines)
    assert [order.id for order in first] == [order.id for order in second]


async def test_an_end_is_confirmed_or_said_outright(desk: Desk) -> None:
    code, _, err = await desk.run("end", "42")
    assert code == ExitCode.USAGE
    assert "--yes" in err
    assert not desk.broker.lines


async def test_a_text_comes_from_stdin_when_asked(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("line one\nline two\n"))
    assert (await desk.run("note", "42", "-"))[0] == 0
    assert msgspec.to_builtins(await given(desk))["text"] == "line one\nline two"


async def test_a_hostile_name_reaches_no_terminal_and_json_is_plain_ascii(desk: Desk) -> None:
    evil = "\x1b]0;owned\x07Eve\u202e\u200b"
    hostile = session_view(reason=evil, customer=msgspec.structs.replace(session_view().customer, name=evil))
    desk.broker.rest["/v1/sessions"] = (200, [hostile])
    desk.broker.rest["/v1/sessions/42"] = (200, hostile)
    desk.broker.rest["/v1/operators"] = (200, [operator_view(evil)])
    for words in (("queue",), ("show", "42"), ("team",), ("queue", "--json"), ("show", "42", "--json")):
        code, out, err = await desk.run(*words)
        assert code == 0
        assert (out + err).replace("\n", "").isprintable(), words
    assert json.loads((await desk.run("queue", "--json"))[1])[0]["reason"] == evil


async def test_watch_prints_one_line_per_event_and_ends_with_the_brokers_reason(desk: Desk) -> None:
    live = session_view(state=SessionState.ACTIVE, operator_id=ME)
    turn = MessageView(
        id=MessageId("m1"),
        conversation_id=live.conversation_id,
        position=1,
        author=Author.CUSTOMER,
        text="one\ntwo\x1b[2J",
        at=AT,
    )
    done = msgspec.structs.replace(live, state=SessionState.CLOSED, outcome=Outcome.RETURNED)
    events = (
        SessionActive(seq=11, at=AT, session=live),
        MessageAdded(seq=12, at=AT, message=turn),
        OperatorChanged(seq=13, at=AT, operator=operator_view(presence=Presence.AWAY, reason="lunch")),
        OperatorChanged(seq=14, at=AT, operator=operator_view(presence=Presence.AWAY, reason="lunch", since=AT)),
        SessionClosed(seq=15, at=AT, session=done),
    )

    async def happen(line: Line) -> None:
        assert line.hello.view_only
        await line.say(snapshot(10, session_view()), Batch(first=11, last=15, now=AT, events=events))
        await line.say(Goodbye(error=ErrorBody("token_revoked", "Your access was revoked."), retry=False))

    desk.broker.scripts = [happen]
    code, out, err = await desk.run("watch", "--plain")
    assert code == ExitCode.NOT_AUTHORISED
    said = [line.split(" ", 1)[1] for line in out.splitlines()]
    assert said == [
        "H-0042 waits, chat Anna Smith: asked for a person",
        "H-0042 active with Olga, chat Anna Smith: asked for a person",
        "H-0042 customer: one / two\ufffd[2J",
        "Olga is away (lunch)",
        "H-0042 closed: back to AI, chat Anna Smith: asked for a person",
    ]
    assert "Connected." in err
    assert "Your access was revoked." in err
    code, out, _ = await desk.run("watch", "--json")
    assert [json.loads(line)["type"] for line in out.splitlines()] == [
        "snapshot",
        "session.active",
        "message.added",
        "operator.changed",
        "operator.changed",
        "session.closed",
    ]


async def test_watch_reconnects_and_says_so_on_stderr(desk: Desk) -> None:
    async def drop(line: Line) -> None:
        await line.say(snapshot(10, session_view()))
        line.drop()

    async def leave(line: Line) -> None:
        await line.say(
            Batch(first=11, last=11, now=AT, events=(SessionActive(seq=11, at=AT, session=session_view()),)),
            Goodbye(error=ErrorBody("token_revoked", "Revoked."), retry=False),
        )

    desk.broker.scripts = [drop, leave]
    _, out, err = await desk.run("watch")
    assert len(out.splitlines()) == 2
    assert err.count("Connected.") == 2


async def test_ctrl_c_ends_a_watch_with_130_and_a_reader_that_leaves_ends_it_quietly(desk: Desk) -> None:
    async def chat_on(line: Line) -> None:
        await line.say(snapshot(10, session_view()))
        for number in range(11, 500_000):
            one = SessionActive(seq=number, at=AT, session=session_view())
            await line.say(Batch(first=number, last=number, now=AT, events=(one,)))
            await asyncio.sleep(0.01)

    desk.broker.scripts = [chat_on]
    command = (sys.executable, "-m", "operator_console", "watch")
    pipe = asyncio.subprocess.PIPE
    watching = await asyncio.create_subprocess_exec(*command, stdout=pipe, stderr=pipe)
    assert watching.stdout is not None
    await watching.stdout.readline()
    watching.send_signal(signal.SIGINT)
    _, err = await asyncio.wait_for(watching.communicate(), 90)
    assert watching.returncode == ExitCode.INTERRUPTED
    assert b"Traceback" not in err
    reading, writing = os.pipe()
    leaving = await asyncio.create_subprocess_exec(*command, stdout=writing, stderr=pipe)
    os.close(writing)
    await asyncio.to_thread(os.read, reading, 10)
    os.close(reading)
    _, err = await asyncio.wait_for(leaving.communicate(), 20)
    assert leaving.returncode == 0
    assert b"Traceback" not in err
    assert b"BrokenPipe" not in err


async def test_the_screen_says_so_when_there_is_no_terminal_and_loads_nothing(desk: Desk) -> None:
    code, out, err = await desk.run()
    assert (code, out) == (ExitCode.USAGE, "")
    assert "watch --plain" in err
    assert not desk.broker.requests


async def test_login_keeps_a_token_that_the_broker_accepts_and_the_address(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPERATOR_TOKEN")
    monkeypatch.delenv("OPERATOR_SERVER")
    folder = desk.home / "config" / "operator-console"
    monkeypatch.setattr(sys, "stdin", io.StringIO("wrong\n"))
    assert (await desk.run("login", "--server", desk.broker.url))[0] == ExitCode.NOT_AUTHORISED
    assert not (folder / "token").exists()
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{TOKEN}\n"))
    code, out, err = await desk.run("login", "--server", desk.broker.url)
    assert (code, out) == (0, "")
    assert "Olga" in err
    assert TOKEN not in err
    assert (folder / "token").read_text().strip() == TOKEN
    assert stat.S_IMODE((folder / "token").stat().st_mode) == 0o600
    assert (await desk.run("queue"))[0] == 0, "the address and the token are found again"
    (folder / "token").chmod(0o644)
    code, _, err = await desk.run("queue")
    assert code == ExitCode.NOT_AUTHORISED
    assert "chmod 600" in err


async def test_the_doctor_finds_all_well_and_names_what_is_not(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    code, out, _ = await desk.run("doctor", "--no-audio", "--json")
    found = {finding["name"]: finding for finding in json.loads(out)}
    assert code == 0
    wanted = ("python", "configuration", "token", "broker", "protocol", "operator", "console socket")
    assert {name: found[name]["health"] for name in wanted} == dict.fromkeys(wanted, "ok")
    assert found["clock"]["health"] == "warn", "the scripted broker lives in another time"
    desk.broker.rest["/healthz"] = (200, {"status": "ok", "version": "9.0.0", "protocol": 9})
    code, out, _ = await desk.run("doctor", "--no-audio")
    assert code == ExitCode.REFUSED
    assert "FAIL protocol" in out
    assert "Install the console of version 9.0.0" in out
    monkeypatch.setenv("OPERATOR_TOKEN", "not a token")
    code, out, _ = await desk.run("doctor", "--no-audio")
    assert code == ExitCode.REFUSED
    assert "FAIL token" in out
    code, out, _ = await desk.run("--server", "http://127.0.0.1:1", "doctor", "--no-audio")
    assert "FAIL broker" in out

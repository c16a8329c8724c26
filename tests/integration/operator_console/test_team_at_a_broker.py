"""The commands about people and shifts at a whole broker: breaks, the digest, handing over, and the console's looks."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from operator_console.cli.app import run
from operator_console.client.address import parse_address
from operator_console.client.desk import BrokerDesk
from operator_console.exit_codes import ExitCode
from operator_console.model.inputs import Connected
from server.bench.process import Running, running_broker
from server.wire.commands import Accept, AddNote, SetPresence
from server.wire.frames import Ghosts, Look
from server.wire.terms import Presence, SessionId
from tests import live
from tests.media_clients import until

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="module")]
CONFIG = '[desk]\nrouting = "pull"\naway_reasons = ["tea"]\nmax_on_break = 1\n'


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def broker() -> AsyncIterator[Running]:
    async with running_broker(CONFIG) as running:
        yield running


class Shell:
    """The command line of one person, run in threads of this process."""

    def __init__(self, capture: pytest.CaptureFixture[str], patch: pytest.MonkeyPatch) -> None:
        self._capture, self._patch = capture, patch

    async def __call__(self, token: str, *words: str) -> tuple[int, str, str]:
        self._patch.setenv("OPERATOR_TOKEN", token)
        self._capture.readouterr()
        code = await asyncio.to_thread(run, list(words))
        return (code, *self._capture.readouterr())


@pytest.fixture
def shell(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, broker: Running
) -> Shell:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("OPERATOR_SERVER", broker.url)
    return Shell(capsys, monkeypatch)


async def test_a_break_is_asked_for_granted_and_denied_from_the_shell(broker: Running, shell: Shell) -> None:
    ann, mia = await live.operator(broker, "Ann Lee"), await live.operator(broker, "Mia", "supervisor")
    bob = await live.operator(broker, "Bob")
    assert (await shell(ann, "duty", "on"))[0] == 0
    assert (await shell(bob, "duty", "away", "--reason", "tea"))[0] == 0
    code, _, told = await shell(ann, "duty", "away")
    assert (code, "Bob" in told) == (ExitCode.CONFLICT, True), "one may be away at once"
    assert (await shell(ann, "break", "ask", "see", "a", "doctor"))[0] == 0
    code, out, _ = await shell(mia, "team")
    assert any("Ann Lee" in line and "see a doctor" in line for line in out.splitlines())
    assert (await shell(bob, "break", "grant", "ann"))[0] == ExitCode.NOT_AUTHORISED
    assert (await shell(mia, "break", "deny", "ann", "--why", "six wait"))[0] == 0
    code, out, _ = await shell(ann, "team", "--json")
    mine = next(one for one in json.loads(out) if one["name"] == "Ann Lee")
    assert (mine["break_answer"], "break_asked_at" in mine) == ("denied by Mia: six wait", False)
    assert (await shell(mia, "break", "grant", "ann"))[0] == ExitCode.CONFLICT
    assert (await shell(mia, "break", "grant", "nobody"))[0] == ExitCode.NOT_FOUND
    await shell(ann, "break", "ask")
    code, out, _ = await shell(mia, "break", "grant", "Ann Lee", "--json")
    assert json.loads(out)["operator"]["presence"] == "away"
    await shell(ann, "break", "withdraw")


async def test_a_shift_is_handed_over_and_taken_over_from_the_shell(broker: Running, shell: Shell) -> None:
    eve, kim = await live.operator(broker, "Eve"), await live.operator(broker, "Kim")
    async with live.greeted(broker, eve) as (mine, _), live.greeted(broker, kim) as (other, snapshot):
        assert snapshot.policy.away_reasons == ("tea",)
        await other.order(SetPresence(id=live.fresh(), presence=Presence.AVAILABLE))
        made = await live.chat(broker, "Zoe Hill")
        session = await mine.order(Accept(id=live.fresh(), session_id=made["id"], epoch=made["epoch"]))
        assert session.ok
        assert (await shell(eve, "handover", "--to", "Eve"))[0] != 0
        code, _, told = await shell(eve, "handover", "--to", "kim", "--note", "wants a refund")
        assert (code, str(made["number"]) in told) == (0, True)
        assert (await shell(eve, "handover"))[0] == ExitCode.CONFLICT, "nothing is left in hand"
        code, out, _ = await shell(kim, "digest", "--json")
        digest = json.loads(out)
        assert code == 0
        assert [note["text"] for note in digest["mentions"]] == ["@Kim Handed over by Eve. wants a refund"]
        assert [one["customer"]["name"] for one in digest["waiting"]] == ["Zoe Hill"]
        code, out, _ = await shell(kim, "digest", "--hours", "1")
        assert "@Kim Handed over by Eve. wants a refund" in out
        assert (await shell(kim, "digest", "--hours", "-1"))[0] == 2
    assert (await shell(broker.key, "digest"))[0] == ExitCode.NOT_AUTHORISED


async def test_why_is_told_from_the_shell_and_skills_are_given_by_the_administrator(
    broker: Running, shell: Shell
) -> None:
    lee = await live.operator(broker, "Lee Chan")
    async with live.rest(broker, (broker.data_dir / "admin.token").read_text().strip()) as office:
        roster = (await office.get("/v1/operators")).json()
        mine = next(one["id"] for one in roster if one["name"] == "Lee Chan")
        changed = (
            await office.patch(f"/v1/operators/{mine}", json={"skills": [{"name": "german", "level": 2}]})
        ).json()
        assert changed["skills"] == [{"name": "german", "level": 2}]
        assert (await office.patch(f"/v1/operators/{mine}", json={"skills": [{"name": "Nö"}]})).status_code == 400
        assert (await office.patch("/v1/operators/o_nobody", json={})).status_code == 404
    made = await live.chat(broker, "Ada Why")
    code, out, _ = await shell(lee, "why", str(made["number"]), "--json")
    told = json.loads(out)
    assert (code, told["state"], told["strategy"]) == (0, "queued", "nobody is rung: operators pick from the queue")
    assert {one["name"] for one in told["candidates"]} >= {"Lee Chan"}
    code, out, _ = await shell(lee, "why", str(made["number"]))
    assert "This queue rings nobody: operators pick." in out
    assert "Lee Chan: is offline; has no console open" in out
    assert (await shell(lee, "why", "H-9999"))[0] == ExitCode.NOT_FOUND


async def test_a_note_written_while_a_console_was_away_comes_with_its_snapshot(broker: Running) -> None:
    una, ida = await live.operator(broker, "Una"), await live.operator(broker, "Ida")
    made = await live.chat(broker, "Away")
    async with live.greeted(broker, ida) as (writer, _):
        for text in ("@Una look at this", "@Ida my own", "nobody"):
            note = AddNote(id=live.fresh(), session_id=made["id"], epoch=made["epoch"], text=text)
            assert (await writer.order(note)).ok
    async with live.greeted(broker, una) as (_, snapshot):
        assert [note.text for note in snapshot.mentions] == ["@Una look at this"]


async def test_a_console_tells_and_hears_who_looks_where(broker: Running) -> None:
    one = BrokerDesk(parse_address(broker.url), await live.operator(broker, "Lea"))
    seen: list[object] = []

    async def follow() -> None:
        async for event in one.events():
            seen.append(event)  # noqa: PERF401 - others look at the list while it grows

    following = asyncio.get_running_loop().create_task(follow())
    try:
        await until(lambda: any(isinstance(event, Connected) for event in seen), "a connection")
        async with live.greeted(broker, await live.operator(broker, "Max")) as (other, snapshot):
            await other.send(Look(session_id=SessionId("s_x"), writing=True))
            await until(
                lambda: any(
                    ghost.operator_id == snapshot.me and ghost.session_id == "s_x" and ghost.writing
                    for event in seen
                    if isinstance(event, Ghosts)
                    for ghost in event.people
                ),
                "the other's look",
            )
            await one.look(Look(session_id=SessionId("s_y")))
            async with asyncio.timeout(30):
                while True:
                    frame = await other.next(Ghosts, 30)
                    assert isinstance(frame, Ghosts)
                    if any(ghost.session_id == "s_y" for ghost in frame.people):
                        break
    finally:
        following.cancel()
        await asyncio.wait({following})
        await one.close()


async def test_a_supervisor_sees_the_wall_takes_over_and_ends_a_wrap_up_from_the_shell(
    broker: Running, shell: Shell
) -> None:
    ann, sue = await live.operator(broker, "Ann Oak"), await live.operator(broker, "Sue Elm", "supervisor")
    mine, other = [str((await live.chat(broker, name))["number"]) for name in ("Joan", "Bo")]
    for number in (mine, other):
        assert (await shell(ann, "accept", number))[0] == 0
    for words in (("wall",), ("audit",), ("take-over", mine), ("force-wrap-up", mine, "--reason", "x")):
        assert (await shell(ann, *words))[0] == ExitCode.NOT_AUTHORISED, words
    code, out, _ = await shell(sue, "wall", "--json")
    assert code == 0
    assert {mine, other} <= {session["number"] for session in json.loads(out)["sessions"]}
    assert "Ann Oak: OFF DUTY for 0:0" in (plain := (await shell(sue, "wall", "--plain"))[1])
    assert f"with Joan in {mine} (chat)" in plain
    assert mine in (await shell(sue, "wall"))[1]

    code, _, err = await shell(sue, "take-over", mine, "--reason", "a complaint")
    assert (code, "It is yours." in err) == (0, True)
    assert (await shell(ann, "resolve", mine))[0] == ExitCode.CONFLICT, "Ann was released"
    assert (await shell(sue, "force-wrap-up", other, "--reason", "too early"))[0] == ExitCode.CONFLICT
    assert (await shell(ann, "resolve", other))[0] == 0
    assert (await shell(sue, "force-wrap-up", other))[0] == ExitCode.USAGE, "without a reason"
    assert (await shell(sue, "force-wrap-up", other, "--reason", "the shift ends"))[0] == 0
    assert json.loads((await shell(sue, "show", other, "--json"))[1])["session"]["state"] == "closed"

    code, out, _ = await shell(sue, "audit", "--session", mine, "--json")
    (record,) = json.loads(out)["records"]
    assert (record["action"], record["actor_name"], record["reason"]) == ("take_over", "Sue Elm", "a complaint")
    row = next(line for line in (await shell(sue, "audit"))[1].splitlines() if other in line)
    assert "force wrap up" in row
    assert "Sue Elm" in row
    assert "Ann Oak" in row
    assert "the shift ends" in row

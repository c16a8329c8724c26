"""A recorded call end to end: real broker, real worker, real file, and who gets it."""

import io
import os
import wave
from array import array
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from server.bench.process import Running, running_broker
from server.storage.recordings import FolderOfRecordings
from server.wire import commands as c
from server.wire.commands import Command
from server.wire.frames import Reply, Snapshot
from server.wire.terms import Consent, Recording, SessionId
from tests.live import console, fresh, operator, rest
from tests.media_clients import StreamLeg, share, until

pytestmark = pytest.mark.integration

RECORDED = "[queues.sales]\nrecord = true\n"
CALLER_HZ, DESK_HZ = 440, 880
RATE = 16_000


class LiveCall:
    """One call of the queue `sales` in the hands of the broker's own operator, both sides speaking a tone."""

    def __init__(self, broker: Running, session: dict[str, object], caller: StreamLeg) -> None:
        self.broker, self.caller = broker, caller
        self.conversation, self.session = str(session["conversation_id"]), SessionId(str(session["id"]))
        self.number = str(session["number"])
        self.epoch = int(str(session["epoch"]))

    @property
    def file(self) -> Path:
        return self.broker.data_dir / "recordings" / f"{self.session}.wav.sealed"

    async def order(self, kind: type[Command], **fields: object) -> Reply:
        """Give an order as the operator."""
        async with console(self.broker, brief=True) as desk:
            await desk.next(Snapshot)
            reply = await desk.order(kind(id=fresh(), session_id=self.session, epoch=self.epoch, **fields))
        if reply.session is not None:
            self.epoch = reply.session.epoch
        return reply

    async def grows(self) -> None:
        """Return once more was recorded than there is now."""
        before = self.file.stat().st_size if self.file.exists() else 0
        await until(lambda: self.file.exists() and self.file.stat().st_size > before + 32_000, "the recording grows")


@asynccontextmanager
async def live_call(broker: Running, consent: Consent = Consent.UNKNOWN) -> AsyncIterator[LiveCall]:
    async with rest(broker) as client:
        made = (await client.post("/v1/conversations", json={"medium": "voice"})).json()
        path = f"/v1/conversations/{made['id']}"
        grant = (await client.post(f"{path}/legs", json={"role": "caller"})).json()
        asked = await client.post(f"{path}/handoffs", json={"reason": "buys", "queue": "sales", "consent": consent})
        asked.raise_for_status()
    async with await StreamLeg(RATE).open(grant["url"], grant["token"]) as caller:
        call = LiveCall(broker, asked.json(), caller)
        reply = await call.order(c.Accept)
        assert reply.media is not None
        async with await StreamLeg(RATE).open(reply.media.url, reply.media.token) as desk:
            caller.speak(CALLER_HZ)
            desk.speak(DESK_HZ)
            await caller.hears(DESK_HZ)
            yield call


def heard(content: bytes) -> tuple[bytes, bytes]:
    """Return left and right of a WAV."""
    with wave.open(io.BytesIO(content), "rb") as file:
        assert (file.getnchannels(), file.getframerate()) == (2, RATE)
        samples = array("h", file.readframes(file.getnframes()))
    return samples[::2].tobytes(), samples[1::2].tobytes()


async def test_a_call_is_recorded_from_the_customers_yes_until_the_pause_and_given_to_those_permitted() -> None:
    async with running_broker(RECORDED) as broker, live_call(broker) as call:
        assert not call.file.exists()
        async with rest(broker) as client:
            told = await client.put(f"/v1/conversations/{call.conversation}/consent", json={"consent": "given"})
        assert told.json()["recording"] == Recording.ON
        await call.grows()
        reply = await call.order(c.PauseRecording, on=True)
        assert reply.session is not None
        assert reply.session.recording is Recording.PAUSED
        await until(lambda: call.file.stat().st_size > 44, "what was recorded is written")
        supervisor, stranger = await operator(broker, "Sue", "supervisor"), await operator(broker, "Sam")
        for token, status in ((broker.operator, 200), (supervisor, 200), (stranger, 403), (broker.key, 403)):
            async with rest(broker, token) as client:
                got = await client.get(f"/v1/sessions/{call.number}/recording")
            assert got.status_code == status, (token, got.text[:200])
            if status == 200:
                left, right = heard(got.content)
                assert got.headers["content-type"] == "audio/wav"
                assert share(left[3200:-3200], CALLER_HZ, RATE) > 0.9
                assert share(right[3200:-3200], DESK_HZ, RATE) > 0.9


async def test_without_consent_or_after_a_no_nothing_is_written_and_nothing_is_given_out() -> None:
    async with running_broker(RECORDED) as broker, live_call(broker, Consent.REFUSED) as call:
        reply = await call.order(c.PauseRecording, on=False)
        assert reply.error is not None
        assert reply.error.code == "not_recorded"
        assert not call.file.exists()
        async with rest(broker, broker.operator) as client:
            got = await client.get(f"/v1/sessions/{call.number}/recording")
        assert (got.status_code, got.json()["code"]) == (404, "no_recording")


async def test_a_disk_without_room_is_told_and_the_call_goes_on() -> None:
    settings = RECORDED + "[recording]\nleast_free_mb = 10000000\n"
    async with running_broker(settings) as broker, live_call(broker, Consent.GIVEN) as call:
        async with rest(broker, broker.operator) as client:

            async def failure() -> str:
                return str((await client.get(f"/v1/sessions/{call.number}")).json().get("recording_failure", ""))

            said = ""
            for _ in range(600):
                said = await failure()
                if said:
                    break
                await call.caller.hears(DESK_HZ, frames=2)
                call.caller.forget()
        assert said == "the disk is full"
        await call.caller.hears(DESK_HZ)


def test_recordings_are_kept_for_so_many_days_and_no_longer(tmp_path: Path) -> None:
    now = datetime(2026, 3, 1, tzinfo=UTC)
    shelf = FolderOfRecordings(tmp_path, keep_days=30)
    for name, days in (("s_old", 31), ("s_new", 29)):
        path = tmp_path / f"{name}.wav"
        path.write_bytes(b"RIFF")
        at = (now - timedelta(days=days)).timestamp()
        os.utime(path, (at, at))
    (tmp_path / "notes.txt").touch()
    assert shelf.forget_old(now, 10) == 1
    assert shelf.find(SessionId("s_old")) is None
    assert shelf.find(SessionId("s_new")) is not None
    assert (tmp_path / "notes.txt").exists()
    assert shelf.find(SessionId("../notes")) is None

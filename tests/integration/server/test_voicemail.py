"""A voicemail from a caller's first word to the notice in somebody's hands: broker, worker, speech to text, webhook."""

import asyncio
import io
import json
import os
import sys
import time
import wave
from asyncio.subprocess import PIPE
from pathlib import Path

import httpx
import pytest

from server.bench.process import Running, running_broker
from server.media.prompts import BEEP_HZ
from server.wire.terms import Outcome
from tests.fakes.transcription_server import KEY, TranscriptionServer
from tests.integration.server.notices.test_webhook import SECRET, Receiver
from tests.integration.server.test_privacy_commands import told
from tests.live import operator, rest
from tests.media_clients import Peer, TwilioCaller, audioop, loudness, share, until
from tests.spoken_messages import CLIP, likeness, speak

pytestmark = pytest.mark.integration

SAID = "My heat pump is cold. Please call me back."
SETTINGS = """
[queues.sales]
outcome_to = ["owner"]
policy = [{{ after_seconds = 0, when = "nobody_on_duty", voicemail = true }}]
voicemail = {{ silence_seconds = 2 }}
[notices.owner]
kind = "webhook"
url = "http://127.0.0.1:{port}/hook"
allow_private = true
secret_file = "{folder}/hook.secret"
[speech]
engine = "endpoint"
url = "{speech}"
name = "whisper-1"
key_file = "{folder}/speech.key"
"""


def secret(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o600)


async def beep(caller: Peer) -> None:
    await until(lambda: share(bytes(caller.heard[-3_200:]), BEEP_HZ, 8_000) > 0.9, "the beep is heard")
    await until(lambda: loudness(bytes(caller.heard[-960:])) < 20, "it is over")


async def waiting_caller(broker: Running) -> tuple[str, TwilioCaller]:
    """Return the session of a caller who came through Twilio's format and asked for a person, and their audio."""
    async with rest(broker) as client:
        made = (await client.post("/v1/conversations", json={"medium": "voice", "customer_name": "Ada"})).json()
        path = f"/v1/conversations/{made['id']}"
        grant = (await client.post(f"{path}/legs", json={"role": "caller", "transport": "twilio"})).json()
        caller = await TwilioCaller().open(grant["url"], grant["token"])
        asked = (await client.post(f"{path}/handoffs", json={"reason": "cold house", "queue": "sales"})).json()
    return str(asked["number"]), caller


async def shown(client: httpx.AsyncClient, number: str) -> dict[str, object]:
    return (await client.get(f"/v1/sessions/{number}")).raise_for_status().json()


def heard(content: bytes) -> bytes:
    with wave.open(io.BytesIO(content), "rb") as file:
        assert (file.getnchannels(), file.getframerate()) == (1, 8_000)
        return file.readframes(file.getnframes())


async def test_a_message_is_kept_sealed_transcribed_told_with_a_link_and_each_listening_is_audited(
    tmp_path: Path,
) -> None:
    receiver = Receiver()
    server = await asyncio.start_server(receiver.take, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    secret(tmp_path / "hook.secret", SECRET)
    secret(tmp_path / "speech.key", KEY)
    with TranscriptionServer(text=SAID) as speech:
        settings = SETTINGS.format(port=port, folder=tmp_path, speech=speech.url)
        async with server, running_broker(settings) as broker:
            number, caller = await waiting_caller(broker)
            async with caller:
                await until(lambda: loudness(bytes(caller.heard)) > 300, "the greeting is heard")
                await caller.press("#")  # skips it
                await beep(caller)
                await speak(caller, CLIP)
                await caller.hang_up()
            sue, vic = await operator(broker, "Sue"), await operator(broker, "Vic", "viewer")
            async with rest(broker, sue) as client:
                await _closed(client, number)
                session = await shown(client, number)
                assert session["outcome"] == Outcome.VOICEMAIL
                assert session["follow_up"] == "Listen to the voicemail and call back."
                assert abs(int(str(session["voicemail_seconds"])) - len(CLIP) / 16_000) <= 1
                got = await client.get(f"/v1/sessions/{number}/voicemail")
                assert likeness(heard(got.content), CLIP) > 0.95
                part = await client.get(f"/v1/sessions/{number}/voicemail", headers={"Range": "bytes=100-299"})
                assert (part.status_code, part.content) == (206, got.content[100:300])
                assert part.headers["content-range"] == f"bytes 100-299/{len(got.content)}"
                none = await client.get(f"/v1/sessions/{number}/voicemail", headers={"Range": "bytes=99999999-"})
                assert (none.status_code, none.json()["code"]) == (422, "no_such_range")
            async with rest(broker, vic) as client:
                assert (await client.get(f"/v1/sessions/{number}/voicemail")).status_code == 403
            (file,) = (broker.data_dir / "recordings").iterdir()
            assert file.name.endswith("-voicemail.wav.sealed")
            assert CLIP[8_000:8_064] not in file.read_bytes()
            await until(lambda: receiver.bodies, "the notice")
            facts = json.loads(receiver.bodies[0])["data"]
            assert SAID in facts["voicemail"]
            assert facts["outcome"] == Outcome.VOICEMAIL
            async with httpx.AsyncClient() as anybody:
                assert likeness(heard((await anybody.get(facts["voicemail_url"])).content), CLIP) > 0.95
                forged = facts["voicemail_url"][:-1] + ("0" if facts["voicemail_url"][-1] != "0" else "1")
                assert (await anybody.get(forged)).status_code == 404
            admin = (broker.data_dir / "admin.token").read_text().strip()
            async with rest(broker, admin) as client:
                audit = (await client.get("/v1/audit")).json()
            plays = [one for one in audit["records"] if one["action"] == "play"]
            assert len(plays) == 4, "the whole, two ranges, the link"
            await played_on_a_console(broker, sue, number, tmp_path)
            await kept_by_commands(broker, tmp_path)


async def played_on_a_console(broker: Running, token: str, number: str, folder: Path) -> None:
    """Listen with `operator-console play`: on a speaker that is a file, then saved."""
    config, speaker, saved = folder / "console.toml", folder / "heard.wav", folder / "saved.wav"
    config.write_text(f'[audio]\nbackend = "file"\nfile_speaker = "{speaker}"\n')
    places = {"XDG_CONFIG_HOME": str(folder), "XDG_STATE_HOME": str(folder)}
    environment = {**os.environ, **places, "OPERATOR_SERVER": broker.url, "OPERATOR_TOKEN": token}
    console = (sys.executable, "-m", "operator_console", "--config", str(config), "play", number)
    for more in ((), ("--to", str(saved))):
        process = await asyncio.create_subprocess_exec(*console, *more, stdout=PIPE, stderr=PIPE, env=environment)
        out, problem = await process.communicate()
        assert process.returncode == 0, problem.decode()
        assert out
    message = heard(saved.read_bytes())
    assert likeness(message, CLIP) > 0.95
    with wave.open(str(speaker), "rb") as file:
        pcm = audioop.ratecv(file.readframes(file.getnframes()), 2, 1, file.getframerate(), 8_000, None)[0]
    assert likeness(pcm, message) > 0.9, "the whole of it lies in what the speaker got"


async def kept_by_commands(broker: Running, folder: Path) -> None:
    """List, rotate, verify and export with `operator-server recordings`."""
    listed = json.loads((await told(broker, "recordings", "list", "--json")).stdout)
    assert [(one["kind"], one["state"]) for one in listed] == [("voicemail", "whole")]
    turned = json.loads((await told(broker, "recordings", "rotate", "--new-key", "second", "--json")).stdout)
    assert (turned["key"], turned["sealed_anew"], turned["failed"]) == ("second", 1, 0)
    exported = await told(broker, "recordings", "export", listed[0]["session"], str(folder / "out.wav"), "--voicemail")
    assert exported.exit_code == 0, exported.output
    assert likeness(heard((folder / "out.wav").read_bytes()), CLIP) > 0.95
    assert (await told(broker, "recordings", "verify")).exit_code == 0
    (file,) = (broker.data_dir / "recordings").iterdir()
    raw = bytearray(file.read_bytes())
    raw[1_000] ^= 1
    file.write_bytes(raw)
    broken = await told(broker, "recordings", "verify", "--json")
    assert broken.exit_code == 1
    assert "was changed or damaged" in json.loads(broken.stdout)[0]["state"]


async def _closed(client: httpx.AsyncClient, number: str) -> None:
    deadline = time.monotonic() + 60
    while (await shown(client, number))["state"] != "closed":
        assert time.monotonic() < deadline, "the wait ends"
        await asyncio.sleep(0.05)

"""Speech over an endpoint: what it is asked, what its answers mean, and a whole call whose words arrive as facts."""

import asyncio
import io
import wave
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import openai
import pytest

from server.broker.ports.media import Spoken
from server.media.speech_messages import SpeechConfig
from server.speech.endpoint import MOST_BYTES, Endpoint, wav
from server.speech.engine import EngineError, Heard
from server.wire.terms import CallPhase, LegRole
from tests import needs
from tests.fakes.transcription_server import KEY, TranscriptionServer
from tests.media_clients import Desk, desk, until

pytestmark = pytest.mark.integration

SOUND = np.sin(np.arange(16_000, dtype=np.float32) / 20)


@pytest.fixture
def server() -> Iterator[TranscriptionServer]:
    with TranscriptionServer() as running:
        yield running


def telephone_frames(name: str) -> list[bytes]:
    """Return a voice of the data sets as 20 ms frames at 8 kHz."""
    folder = needs.data_folder()
    assert folder is not None
    with wave.open(str(folder / "datasets/dev/speech" / name), "rb") as file:
        pcm = file.readframes(file.getnframes())
    return [pcm[at : at + 320] for at in range(0, len(pcm) - 319, 320)]


def words(media: Desk) -> list[Spoken]:
    """Return what was transcribed of the caller; what is said before the speech process is up is told as missed."""
    facts = [fact for fact in media.of(Spoken) if isinstance(fact, Spoken) and fact.role is LegRole.CALLER]
    return [fact for fact in facts if "not transcribed" not in fact.text]


def endpoint(server: TranscriptionServer, key: str = KEY) -> Endpoint:
    return Endpoint(server.url, "whisper-1", key, language="en", timeout_seconds=30.0)


def test_a_good_answer_is_what_was_heard(server: TranscriptionServer) -> None:
    assert endpoint(server).transcribe(SOUND) == Heard(server.text)
    assert server.asked == [{"model": "whisper-1", "response_format": "json", "language": "en", "file": "speech.wav"}]
    assert server.sounds == [(16_000, 1, 2, 1.0)]


def test_the_apis_own_library_asks_the_same_and_reads_the_same(server: TranscriptionServer) -> None:
    ours = endpoint(server).transcribe(SOUND).text
    with openai.OpenAI(base_url=server.url, api_key=KEY, max_retries=0) as client:
        file = io.BytesIO(wav(SOUND))
        file.name = "speech.wav"
        theirs = client.audio.transcriptions.create(model="whisper-1", file=file, language="en", response_format="json")
    assert theirs.text == ours
    assert not server.refusals
    assert server.asked[0] == server.asked[1]
    assert server.sounds[0] == server.sounds[1]


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (500, b"{}", "answered 500"),
        (401, b"{}", "answered 401"),
        (200, b"<html>", "cannot be read"),
        (200, b'{"words": []}', "cannot be read"),
        (200, b"\xff\xfe", "cannot be read"),
        (200, b" " * (MOST_BYTES + 1), "too long"),
    ],
    ids=["failing", "refusing", "html", "another object", "no text", "too long"],
)
def test_a_bad_answer_is_an_error_that_says_why(
    server: TranscriptionServer, status: int, body: bytes, words: str
) -> None:
    server.status, server.body = status, body
    with pytest.raises(EngineError, match=words):
        endpoint(server).transcribe(SOUND)


def test_an_endpoint_that_is_not_there_is_an_error() -> None:
    with pytest.raises(EngineError, match="cannot be reached"):
        Endpoint("http://127.0.0.1:9/v1", "m").transcribe(SOUND)


@pytest.mark.alone
async def test_a_callers_words_arrive_as_facts_of_the_worker(server: TranscriptionServer, tmp_path: Path) -> None:
    needs.require(needs.SPEECH, needs.DATA)
    frames = telephone_frames("w8/real_lv_0880.wav")
    speech = SpeechConfig(engine="endpoint", url=server.url, name="whisper-1", key=KEY)
    async with desk(tmp_path, speech=speech) as media:
        await media.plan("c", CallPhase.OPERATOR, epoch=1)
        async with await media.stream("c", rate=8_000) as caller, await media.console("c") as console:
            console.speak(880, peak=40)

            async def talk() -> None:
                while not words(media):
                    for frame in (*frames, *[bytes(320)] * 60):
                        await caller.say(frame)
                        await asyncio.sleep(0.01)

            talking = asyncio.create_task(talk())
            await until(lambda: words(media), "the words")
            talking.cancel()
    fact = words(media)[0]
    assert (fact.call_id, fact.role, fact.epoch, fact.text) == ("c", LegRole.CALLER, 1, server.text)
    assert not server.refusals

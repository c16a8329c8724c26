"""Answer the desk's calls with a Pipecat bot that asks for a person, falls silent, and speaks again afterwards.

    pip install -r requirements-pipecat.txt
    python pipecat_bot.py --desk http://127.0.0.1:8700 --key-file assistant.key

It runs without any account: it says its lines with espeak-ng, and the caller presses 0 for a person. Put your own
speech-to-text, language model and voice where the comments say so; everything about the desk stays as it is.
"""

import argparse
import asyncio
import io
import wave
from pathlib import Path
from typing import Any

from desk import Desk, is_new_call
from loguru import logger
from pipecat.audio.dtmf.types import KeypadEntry
from pipecat.frames.frames import (
    EndFrame,
    Frame,
    InputAudioRawFrame,
    InputDTMFFrame,
    InputTransportMessageFrame,
    OutputAudioRawFrame,
    TTSAudioRawFrame,
    TTSSpeakFrame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.serializers.base_serializer import FrameSerializer
from pipecat.transports.websocket.client import WebsocketClientParams, WebsocketClientTransport
from pipecat.workers.runner import WorkerRunner
from plain_stream import ASSISTANT, RATE, PlainStream

GREETING = "Hello, this is the assistant. Press zero to talk with a person."
HANDING_OVER = "I am getting somebody for you. One moment, please."
WELCOME_BACK = "It is the assistant again. Is there anything else?"


class DeskSerializer(FrameSerializer):
    """Turns Pipecat's frames into the desk's, and back."""

    def __init__(self, stream: PlainStream) -> None:
        """Speak on this leg."""
        super().__init__()
        self._stream = stream

    async def serialize(self, frame: Frame) -> bytes | None:
        """Return what goes out for a frame: audio while the caller listens to us, nothing else."""
        if not isinstance(frame, OutputAudioRawFrame):
            return None
        frames = self._stream.audio(frame.audio)
        return frames[0] if frames else None  # Pipecat hands out 20 ms at a time: see `transport_to`

    async def deserialize(self, data: str | bytes) -> Frame | None:
        """Return the frame for what came in: audio, a key, or a message that says who has the word."""
        if isinstance(data, bytes):
            return InputAudioRawFrame(audio=self._stream.heard(data), sample_rate=RATE, num_channels=1)
        told = self._stream.told(data)
        if told["type"] == "dtmf":
            return InputDTMFFrame(button=KeypadEntry(told["digit"]))
        return InputTransportMessageFrame(message=told) if told["type"] in {"ready", "phase", "bye"} else None


class Espeak(FrameProcessor):
    """Says text with espeak-ng. Put your own TTS service here."""

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """Turn text into sound; let everything else pass."""
        await super().process_frame(frame, direction)
        if not isinstance(frame, TTSSpeakFrame):
            await self.push_frame(frame, direction)
            return
        command = ("espeak-ng", "--stdout", "-s", "160", frame.text)
        speaker = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
        sound, _ = await speaker.communicate()
        with wave.open(io.BytesIO(sound)) as spoken:
            rate, pcm = spoken.getframerate(), spoken.readframes(1 << 30)
        await self.push_frame(TTSAudioRawFrame(audio=pcm, sample_rate=rate, num_channels=1))


class Conversation(FrameProcessor):
    """Decides what is said. Put your speech-to-text and language model around it: `ask_for_person` is a tool."""

    def __init__(self, desk: Desk, conversation_id: str) -> None:
        """Hold one conversation."""
        super().__init__()
        self._desk = desk
        self._id = conversation_id
        self._greeted = False
        self._phase = ASSISTANT

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """React to keys and to who has the word; let everything else pass."""
        await super().process_frame(frame, direction)
        if isinstance(frame, InputDTMFFrame) and frame.button is KeypadEntry.ZERO:
            await self.ask_for_person("Pressed zero")
        elif isinstance(frame, InputTransportMessageFrame):
            await self._told(frame.message)
        await self.push_frame(frame, direction)

    async def ask_for_person(self, reason: str) -> None:
        """Bring a person into the call; until they are there we keep the caller company."""
        number = await self._desk.ask_for_person(self._id, reason, "The caller was greeted and asked for a person.")
        logger.info(f"{number}: asked for a person")
        await self._say(HANDING_OVER)

    async def _told(self, message: dict[str, Any]) -> None:
        if message["type"] == "ready" and not self._greeted:
            self._greeted = True
            await self._say(GREETING)
        elif message["type"] == "phase" and message["phase"] != self._phase:
            before, self._phase = self._phase, message["phase"]
            logger.info(f"the caller talks with: {self._phase}")
            if self._phase != ASSISTANT:
                await self.broadcast_interruption()  # a person has the word: what we were saying is thrown away
            elif before != ASSISTANT:
                await self._say(WELCOME_BACK)

    async def _say(self, text: str) -> None:
        await self.push_frame(TTSSpeakFrame(text))
        await self._desk.said(self._id, "assistant", text)


def transport_to(url: str, stream: PlainStream) -> WebsocketClientTransport:
    """Return a transport to a media socket of the desk, which wants 20 ms of 16 kHz in each frame."""
    params = WebsocketClientParams(
        serializer=DeskSerializer(stream),
        audio_in_enabled=True,
        audio_out_enabled=True,
        audio_in_sample_rate=RATE,
        audio_out_sample_rate=RATE,
        audio_out_10ms_chunks=2,
        add_wav_header=False,
    )
    return WebsocketClientTransport(url, params)


async def answer(desk: Desk, conversation_id: str) -> None:
    """Be in one call until it is over."""
    url, token = await desk.leg(conversation_id)
    stream = PlainStream(token)
    transport = transport_to(url, stream)
    parts = [transport.input(), Conversation(desk, conversation_id), Espeak(), transport.output()]
    worker = PipelineWorker(
        Pipeline(parts),
        params=PipelineParams(audio_in_sample_rate=RATE, audio_out_sample_rate=RATE),
        enable_rtvi=False,
        idle_timeout_secs=None,  # while a person talks, nothing happens here
    )

    @transport.event_handler("on_connected")
    async def on_connected(_transport: WebsocketClientTransport, socket: Any) -> None:
        await socket.send(stream.hello)

    @transport.event_handler("on_disconnected")
    async def on_disconnected(_transport: WebsocketClientTransport, _socket: Any) -> None:
        await worker.queue_frame(EndFrame())

    logger.info(f"{conversation_id}: answered")
    runner = WorkerRunner(handle_sigint=False, handle_sigterm=False)
    await runner.add_workers(worker)
    await runner.run()
    logger.info(f"{conversation_id}: over")


async def serve(url: str, key: str) -> None:
    """Answer every call of this assistant's."""
    desk, calls = Desk(url, key), dict[str, asyncio.Task[None]]()
    try:
        async for event in desk.events():
            if not is_new_call(event):
                continue
            conversation_id = event["conversation"]["id"]
            if conversation_id not in calls:
                task = asyncio.create_task(answer(desk, conversation_id))
                calls[conversation_id] = task
                task.add_done_callback(lambda _, id_=conversation_id: calls.pop(id_, None))
    finally:
        await desk.close()


def main() -> None:
    """Read the arguments and serve."""
    asked = argparse.ArgumentParser(description="Answer the desk's calls with a Pipecat bot.")
    asked.add_argument("--desk", default="http://127.0.0.1:8700", help="where the broker is")
    asked.add_argument("--key-file", type=Path, required=True, help="a file with an assistant's key")
    told = asked.parse_args()
    asyncio.run(serve(told.desk, told.key_file.read_text().strip()))


if __name__ == "__main__":
    main()

"""Answer the desk's calls with a LiveKit bot that asks for a person, falls silent, and speaks again afterwards.

    pip install -r requirements-livekit.txt
    python livekit_bot.py --desk http://127.0.0.1:8700 --key-file assistant.key

No LiveKit server and no account is needed: the session's sound goes over the desk's plain stream instead of a room, the
lines are said with espeak-ng, and the caller presses 0 for a person. Give the session your own `stt`, `llm` and `tts`;
`ask_for_person` is a tool of the bot already.
"""

import argparse
import asyncio
import contextlib
import io
import wave
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from desk import Desk, is_new_call
from livekit import rtc
from livekit.agents import Agent, AgentSession, function_tool
from livekit.agents.voice import io as voice
from plain_stream import ASSISTANT, FRAME_BYTES, RATE, PlainStream
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

GREETING = "Hello, this is the assistant. Press zero to talk with a person."
HANDING_OVER = "I am getting somebody for you. One moment, please."
WELCOME_BACK = "It is the assistant again. Is there anything else?"
FRAME_SECONDS = 0.02


class DeskInput(voice.AudioInput):
    """What the caller says, as the session wants it."""

    def __init__(self) -> None:
        """Begin with nothing heard; what nobody fetches is forgotten after two seconds."""
        super().__init__(label="desk")
        self._heard: asyncio.Queue[rtc.AudioFrame] = asyncio.Queue(100)

    def hear(self, pcm: bytes) -> None:
        """Take 20 ms from the desk."""
        if self._heard.full():
            self._heard.get_nowait()
        self._heard.put_nowait(rtc.AudioFrame(pcm, RATE, 1, len(pcm) // 2))

    async def __anext__(self) -> rtc.AudioFrame:
        """Return the next 20 ms."""
        return await self._heard.get()


class DeskOutput(voice.AudioOutput):
    """Where the session's sound goes: to the desk, in real time, and not at all while a person has the word."""

    def __init__(self, socket: ClientConnection, stream: PlainStream) -> None:
        """Speak on this leg."""
        super().__init__(label="desk", capabilities=voice.AudioOutputCapabilities(pause=False), sample_rate=RATE)
        self._socket = socket
        self._stream = stream
        self._waiting = bytearray()
        self._ends = False
        self._played = 0.0

    async def capture_frame(self, frame: rtc.AudioFrame) -> None:
        """Keep what is to be said."""
        await super().capture_frame(frame)
        self._waiting += bytes(frame.data.cast("B"))

    def flush(self) -> None:
        """Take note that a stretch is whole: once it is played the session must hear of it."""
        super().flush()
        self._ends = True

    def clear_buffer(self) -> None:
        """Throw away what was not said yet."""
        self._waiting.clear()
        self._finish(interrupted=True)

    async def play(self) -> None:
        """Send 20 ms every 20 ms, for ever."""
        loop = asyncio.get_running_loop()
        next_at = loop.time()
        while True:
            piece = bytes(self._waiting[:FRAME_BYTES])
            del self._waiting[:FRAME_BYTES]
            if piece:
                for frame in self._stream.audio(piece.ljust(FRAME_BYTES, b"\0")):
                    await self._socket.send(frame)
                self._played += FRAME_SECONDS
            elif self._ends:
                self._finish(interrupted=False)
            next_at = max(next_at + FRAME_SECONDS, loop.time() - 0.1)
            await asyncio.sleep(next_at - loop.time())

    def _finish(self, *, interrupted: bool) -> None:
        if self._pending_playback_count:
            self.on_playback_finished(playback_position=self._played, interrupted=interrupted)
        self._ends, self._played = False, 0.0


class Assistant(Agent):
    """Who answers. Its instructions and its tool are for your language model."""

    def __init__(self, desk: Desk, conversation_id: str) -> None:
        """Hold one conversation."""
        super().__init__(instructions="Help the caller. Ask for a person when you cannot.")
        self._desk = desk
        self._id = conversation_id

    @function_tool
    async def ask_for_person(self, reason: str) -> str:
        """Bring a person into the call, for this reason."""
        number = await self._desk.ask_for_person(self._id, reason, "The caller was greeted and asked for a person.")
        print(f"{number}: asked for a person", flush=True)
        return number


class Conversation:
    """One call: a leg at the desk, and a session whose ears and mouth it is."""

    def __init__(self, desk: Desk, conversation_id: str, stream: PlainStream, socket: ClientConnection) -> None:
        """Hold one conversation on a socket that is open."""
        self._desk = desk
        self._id = conversation_id
        self._stream = stream
        self._socket = socket
        self._ears, self._mouth = DeskInput(), DeskOutput(socket, stream)
        self._session: AgentSession[None] = AgentSession()  # AgentSession(stt=..., llm=..., tts=..., vad=...)
        self._agent = Assistant(desk, conversation_id)
        self._phase = ASSISTANT

    async def hold(self) -> None:
        """Be in the call until it is over."""
        await self._socket.send(self._stream.hello)  # due within five seconds: before anything that takes time
        self._session.input.audio, self._session.output.audio = self._ears, self._mouth
        await self._session.start(self._agent)
        player = asyncio.create_task(self._mouth.play())
        try:
            async for message in self._socket:
                if isinstance(message, bytes):
                    self._ears.hear(self._stream.heard(message))
                else:
                    await self._told(self._stream.told(message))
        except ConnectionClosed:
            pass
        finally:
            player.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await player
            await self._session.aclose()

    async def _told(self, message: dict[str, Any]) -> None:
        """React to keys and to who has the word."""
        if message["type"] == "ready":
            await self._say(GREETING)
        elif message["type"] == "dtmf" and message["digit"] == "0":
            await self._agent.ask_for_person("Pressed zero")
            await self._say(HANDING_OVER)
        elif message["type"] == "phase" and message["phase"] != self._phase:
            before, self._phase = self._phase, message["phase"]
            if self._phase != ASSISTANT:
                await self._session.interrupt(force=True)  # a person has the word: what we were saying is thrown away
            elif before != ASSISTANT:
                await self._say(WELCOME_BACK)

    async def _say(self, text: str) -> None:
        self._session.say(text, audio=spoken(text))  # with a `tts` of your own: say(text)
        await self._desk.said(self._id, "assistant", text)


async def spoken(text: str) -> AsyncIterator[rtc.AudioFrame]:
    """Give out a text as sound, by espeak-ng."""
    command = ("espeak-ng", "--stdout", "-s", "160", text)
    speaker = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    sound, _ = await speaker.communicate()
    with wave.open(io.BytesIO(sound)) as said:
        rate, pcm = said.getframerate(), said.readframes(1 << 30)
    step = rate // 50 * 2
    for start in range(0, len(pcm) - step, step):
        yield rtc.AudioFrame(pcm[start : start + step], rate, 1, step // 2)


async def answer(desk: Desk, conversation_id: str) -> None:
    """Be in one call until it is over."""
    url, token = await desk.leg(conversation_id)
    async with connect(url, compression=None) as socket:
        await Conversation(desk, conversation_id, PlainStream(token), socket).hold()


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
    asked = argparse.ArgumentParser(description="Answer the desk's calls with a LiveKit bot.")
    asked.add_argument("--desk", default="http://127.0.0.1:8700", help="where the broker is")
    asked.add_argument("--key-file", type=Path, required=True, help="a file with an assistant's key")
    told = asked.parse_args()
    asyncio.run(serve(told.desk, told.key_file.read_text().strip()))


if __name__ == "__main__":
    main()

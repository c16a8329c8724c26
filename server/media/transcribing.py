"""Let the speech process listen to callers and operators, never in the way of their audio.

It gets 100 ms at a time on a pipe; when it falls behind by MOST_BEHIND_BYTES, what comes is dropped and told as
missed. Only what the two say to each other is listened to: nothing while muted or on hold, nothing of the assistant,
whose platform sends its own transcript. Before: a call's legs and plan changed. After: facts of what was said.
"""

import asyncio
import contextlib
import secrets
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Callable
from typing import Final

import msgspec

from server.broker.ports.media import MediaFact, Spoken
from server.clock import SystemClock
from server.log import get_log
from server.media.leg import Leg
from server.media.speech_messages import (
    LENGTH,
    MOST_BYTES,
    Begun,
    Frames,
    FromSpeech,
    Missed,
    Silent,
    SpeechConfig,
    pack,
)
from server.tasks import TaskRunner
from server.wire.terms import ConversationId, LegRole, SessionId

AT_ONCE_FRAMES: Final = 5
"""Frames that travel together (100 ms)."""
MOST_BEHIND_BYTES: Final = 1024 * 1024
"""What may wait in the pipe: 30 s of a voice at 16 kHz."""
MOST_VOICES: Final = 4096
"""Voices whose words are still taken, the newest."""
END_SECONDS: Final = 2.0
NO_MESSAGE: Final = SessionId("")
_answers: Final = msgspec.msgpack.Decoder(FromSpeech)
_log = get_log(__name__)

Hears = Callable[[str, bool], None]
"""Takes a text and whether it was missed (then the text says so)."""


class SpeechProcess:
    """The speech process, kept up as long as the worker lives."""

    def __init__(self, config: SpeechConfig | None) -> None:
        """Run as `config` says; None: never. Nothing runs before `start`."""
        self._config: Final = config
        self._runner: Final = TaskRunner(SystemClock())
        self._process: Process | None = None
        self._listeners: Final[dict[str, Voiceprint]] = {}

    def start(self) -> None:
        """Bring it up; does not wait for it."""
        if self._config is not None:
            self._runner.keep("speech", self._run)

    async def stop(self) -> None:
        """End it."""
        process = self._process
        if process is not None and process.stdin is not None:
            process.stdin.close()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(process.wait(), END_SECONDS)
        await self._runner.stop()

    @property
    def on(self) -> bool:
        """Whether anything is ever transcribed."""
        return self._config is not None

    def listen(self, voice: "Voiceprint") -> None:
        """Tell `voice` what it says from now on."""
        self._listeners[voice.stream] = voice
        if len(self._listeners) > MOST_VOICES:
            del self._listeners[next(iter(self._listeners))]  # long gone: its last words were told

    def send(self, frames: Frames) -> bool:
        """Pass frames on; False when they are dropped."""
        pipe = self._process.stdin if self._process is not None else None
        if pipe is None or pipe.is_closing() or pipe.transport.get_write_buffer_size() > MOST_BEHIND_BYTES:
            return False
        pipe.write(pack(frames))
        return True

    def over(self, stream: str) -> None:
        """Say that a voice is gone; what it said last is still told."""
        pipe = self._process.stdin if self._process is not None else None
        if pipe is not None and not pipe.is_closing():
            pipe.write(pack(Silent(stream)))

    async def _run(self) -> None:
        if self._config is None:
            return
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "server.speech.worker", stdin=PIPE, stdout=PIPE, stderr=DEVNULL
        )
        try:
            await self._serve(process, self._config)
        finally:
            self._process = None
            if process.returncode is None:
                process.kill()
                await process.wait()

    async def _serve(self, process: Process, config: SpeechConfig) -> None:
        """Read what it tells until it ends; a process without an engine is not started again."""
        assert process.stdin is not None  # noqa: S101 - asked for above
        assert process.stdout is not None  # noqa: S101 - likewise
        process.stdin.write(pack(config))
        while True:
            try:
                (length,) = LENGTH.unpack(await process.stdout.readexactly(LENGTH.size))
                answer = _answers.decode(await process.stdout.readexactly(min(length, MOST_BYTES)))
            except (asyncio.IncompleteReadError, msgspec.MsgspecError) as error:
                raise RuntimeError("the speech process ended") from error
            if isinstance(answer, Begun):
                if answer.failure:
                    _log.error("speech_not_available", reason=answer.failure)
                    await asyncio.Event().wait()
                self._process = process
                _log.info("speech_ready", engine=config.engine)
                continue
            voice = self._listeners.get(answer.stream)
            if voice is not None:
                missed = isinstance(answer, Missed)
                if isinstance(answer, Missed):
                    _log.warning("speech_missed", seconds=answer.seconds, reason=answer.reason)
                text = f"[{answer.seconds:.0f} s not transcribed]" if isinstance(answer, Missed) else answer.text
                voice.uttered(answer.number, text, missed=missed)


class Voiceprint:
    """One voice of a call, from when it may be heard to when it may not."""

    def __init__(
        self,
        process: SpeechProcess,
        leg: Leg,
        call_id: ConversationId,
        epoch: int,
        tell: Callable[[MediaFact], None],
        *,
        message: SessionId = NO_MESSAGE,
    ) -> None:
        """Listen to `leg`; what it says is told for the operator of `epoch`, or as the message of a session."""
        self.message: Final = message
        self.stream: Final = f"{call_id}-{leg.role}-{secrets.token_hex(6)}"
        self.leg: Final = leg
        self.epoch: Final = epoch
        self._call_id: Final = call_id
        self._process: Final = process
        self._tell: Final = tell
        self._held: Final = bytearray()
        self._frames = 0
        self._dropped = 0
        process.listen(self)

    def said(self, pcm: bytes) -> None:
        """Take 20 ms."""
        self._held.extend(pcm)
        self._frames += 1
        if self._frames >= AT_ONCE_FRAMES:
            self._send()

    def close(self) -> None:
        """Listen no more."""
        self._send()
        self._note_dropped()
        self._process.over(self.stream)

    def uttered(self, number: int, text: str, *, missed: bool) -> None:
        """Tell what was said."""
        if text:
            key = f"speech:{self.stream}:{'m' if missed else ''}{number}"
            self._tell(
                Spoken(
                    call_id=self._call_id,
                    role=LegRole(self.leg.role),
                    epoch=self.epoch,
                    text=text,
                    key=key,
                    voicemail=self.message,
                )
            )

    def _send(self) -> None:
        if self._held:
            sent = self._process.send(Frames(self.stream, self.leg.rate, bytes(self._held)))
            if sent:
                self._note_dropped()
            else:
                self._dropped += self._frames
        self._held.clear()
        self._frames = 0

    def _note_dropped(self) -> None:
        if self._dropped:
            self.uttered(self._dropped, f"[{self._dropped * 0.02:.0f} s not transcribed]", missed=True)
            self._dropped = 0


class Transcript:
    """What is listened to in one call."""

    def __init__(
        self, call_id: ConversationId, tell: Callable[[MediaFact], None], process: SpeechProcess | None
    ) -> None:
        """Begin without voices; None as process: nothing is ever listened to."""
        self._call_id: Final = call_id
        self._tell: Final = tell
        self._process: Final = process
        self._voices: Final[dict[LegRole, Voiceprint]] = {}

    def follow(self, legs: dict[LegRole, Leg], epoch: int, message: SessionId = NO_MESSAGE) -> None:
        """Listen to exactly these legs; `message` is the session whose message they leave."""
        if self._process is None or not self._process.on:
            return
        for role, voice in list(self._voices.items()):
            if legs.get(role) is not voice.leg or (voice.epoch, voice.message) != (epoch, message):
                voice.leg.ear = None
                voice.close()
                del self._voices[role]
        for role, leg in legs.items():
            if role not in self._voices:
                voice = Voiceprint(self._process, leg, self._call_id, epoch, self._tell, message=message)
                self._voices[role] = voice
                leg.ear = voice.said

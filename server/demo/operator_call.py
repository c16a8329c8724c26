"""Handle one call as the scripted operator: listen, check the line with a tone, mute and unmute, speak, and agree.

The tone (880 Hz) makes "the caller hears the operator" a measurement: speech could be anybody's, the tone is only ours.
The caller's own ear is asked what arrived; the demo plays both ends.
"""

import asyncio
from typing import Final

from server.demo.console_link import ConsoleLink
from server.demo.content import Line as Words
from server.demo.findings import Sound
from server.demo.hearing import tone_frame
from server.demo.legs import LegError, StreamLeg
from server.demo.line import Line
from server.demo.speech import load_clip
from server.demo.stage import Stage
from server.wire.commands import Mute
from server.wire.terms import SessionState
from server.wire.views import MediaGrant, SessionView

TONE_HERTZ: Final = 880.0
TONE_FRAMES: Final = 30
"""600 ms."""
SETTLE_FRAMES: Final = 15
"""300 ms: what was on its way when the mute came has arrived by then."""
CONNECT_SECONDS: Final = 8.0
ANSWER_FRAMES: Final = 300
"""6 s for the caller to begin an answer."""


class OperatorCall:
    """The operator's side of one call."""

    def __init__(self, link: ConsoleLink, stage: Stage, *, brief: bool) -> None:
        """Work at `link`; `brief` does not wait for an answer to the last sentence."""
        self._link: Final = link
        self._stage: Final = stage
        self._brief: Final = brief

    async def handle(self, session: SessionView, grant: MediaGrant) -> str:
        """Talk with the caller and return what was agreed; the operator's leg is closed by the give-back.

        Raises:
            LegError: no audio.
            LineClosedError: the line dropped.
            OrderRefusedError: mute was refused.
        """
        leg = await StreamLeg.open(grant)
        line = Line(leg, self._stage.pace.clock)
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(line.run())
            try:
                await self._talk(session, line, leg)
            finally:
                running.cancel()
        return _agreed(session)

    async def _talk(self, session: SessionView, line: Line, leg: StreamLeg) -> None:
        """Wait for the bridge, measure both directions and the mute, and speak."""

        def connected() -> bool:
            return self._link.sessions[session.id].state is SessionState.ACTIVE

        if not await self._link.until(connected, CONNECT_SECONDS):
            raise LegError("accepted, but caller and operator were not connected in time")
        sound = self._stage.findings.sounds.setdefault(session.conversation_id, Sound())
        caller = self._stage.callers.get(session.conversation_id)
        if caller is None:
            raise LegError("the caller is not on the line any more")
        await self._check_line(sound, line, caller)
        await self._check_mute(session, sound, line, leg, caller)
        await line.until(lambda: line.ear.speech_frames > 0, ANSWER_FRAMES)  # the caller begins after the first tone
        hello, promise = self._stage.shared.operator_lines[:2]
        await self._speak(promise if self._brief else hello, line)
        if not self._brief:
            await line.hear_out(ANSWER_FRAMES)
        sound.from_caller = line.ear.speech_frames
        self._stage.tell(f"operator: heard {session.customer.name} for {sound.from_caller * 20} ms")

    async def _speak(self, words: Words, line: Line) -> None:
        await line.say(load_clip(words.clip))
        self._stage.tell(f"operator: {words.text}")

    async def _check_line(self, sound: Sound, line: Line, caller: Line) -> None:
        """Send the tone and ask the caller how much of it arrived."""
        sound.tone_sent += TONE_FRAMES
        sound.tone_heard += await _play_tone(line, caller)

    async def _check_mute(self, session: SessionView, sound: Sound, line: Line, leg: StreamLeg, caller: Line) -> None:
        """Mute, go on sending the tone, ask the caller; then unmute and check the line again."""
        await self._order_mute(session, leg, on=True)
        await line.until(lambda: False, SETTLE_FRAMES)
        sound.muted_sent += TONE_FRAMES
        sound.muted_heard += await _play_tone(line, caller)
        await self._order_mute(session, leg, on=False)
        await line.until(lambda: False, SETTLE_FRAMES)
        await self._check_line(sound, line, caller)
        self._stage.tell(f"operator: muted and unmuted; the caller heard {sound.muted_heard} muted frames")

    async def _order_mute(self, session: SessionView, leg: StreamLeg, *, on: bool) -> None:
        """Mute on both sides: an order to the broker, and a frame in order with the audio."""
        await leg.mute(on=on)
        await self._link.order(Mute(id=self._link.new_id(), session_id=session.id, epoch=session.epoch, on=on))


async def _play_tone(line: Line, caller: Line) -> int:
    """Send the tone and return how many frames of it the caller heard, until nothing more can be on its way."""
    caller.ear.listen_for(TONE_HERTZ)
    await line.blurt(tone_frame(TONE_HERTZ, number) for number in range(TONE_FRAMES))
    await line.until(lambda: False, SETTLE_FRAMES)
    heard = caller.ear.tone_frames
    caller.ear.listen_for(None)
    return heard


def _agreed(session: SessionView) -> str:
    """Return what operator and customer agreed: the first suggestion of the context package."""
    actions = session.context.next_actions
    return actions[0].say if actions and actions[0].say else "Settled on the phone."

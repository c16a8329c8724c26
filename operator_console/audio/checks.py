"""Find out for `operator-console doctor` whether sound works here, and what would make it work.

Runs the audio process itself, so that what is checked is what a call uses.
"""

import asyncio
from typing import Final, TypeVar

import msgspec
from msgspec.structs import replace

from operator_console.audio.client import AudioProcess
from operator_console.audio.messages import (
    AudioCommand,
    AudioEvent,
    Devices,
    Filtering,
    ListDevices,
    Problem,
    Ready,
    TestMicrophone,
    TestResult,
    Verdict,
)
from operator_console.audio.options import AudioOptions
from operator_console.audio.urgency import Urgency

START_SECONDS: Final = 15.0
"""How long the audio process may take to answer."""
TEST_SECONDS: Final = 1.0
PRIORITY_ADVICE: Final = (
    "for real time: echo '@audio - rtprio 20' | sudo tee /etc/security/limits.d/audio.conf, "
    "sudo usermod -aG audio $USER, then log in again"
)
E = TypeVar("E", Ready, Devices, TestResult, Filtering)


class Check(msgspec.Struct, frozen=True):
    """One line of the doctor: what was looked at, whether it is well, what was found, and what to do."""

    name: str
    ok: bool
    detail: str
    remedy: str = ""


async def check_audio(options: AudioOptions | None = None, *, microphone: bool = True) -> tuple[Check, ...]:
    """Return the checks of sound: library, devices, and, unless declined, a second of the microphone."""
    process = AudioProcess(options)
    await process.start()
    try:
        wanted = Filtering() if options is None else Filtering(echo=options.echo, noise=options.noise)
        return await _ask_all(Conversation(process), wanted, microphone=microphone)
    finally:
        await process.stop()


class Conversation:
    """Questions to the audio process and the problems it told meanwhile."""

    def __init__(self, process: AudioProcess) -> None:
        """Read the events of `process`."""
        self._process = process
        self._events = process.events()
        self.problems: list[Problem] = []

    async def answer(self, order: AudioCommand | None, kind: type[E], seconds: float) -> E | None:
        """Give an order and return the next event of this kind; None when none comes or the process failed."""
        if order is not None:
            await self._process.send(order)
        try:
            async with asyncio.timeout(seconds):
                async for event in self._events:
                    if isinstance(event, kind):
                        return event
                    if self._failed(event):
                        return None
        except TimeoutError:
            self.problems.append(Problem(code="no_answer", message="The audio process did not answer."))
        return None

    def _failed(self, event: AudioEvent) -> bool:
        if isinstance(event, Problem):
            self.problems.append(event)
            return event.code == "audio_restarted"
        return False


async def _ask_all(talk: Conversation, wanted: Filtering, *, microphone: bool) -> tuple[Check, ...]:
    ready = await talk.answer(None, Ready, START_SECONDS)
    if ready is None:
        return (_not_started(talk),)
    checks = [library_check(ready), priority_check(ready)]
    if wanted != Filtering():
        checks.append(filters_check(wanted, await talk.answer(None, Filtering, START_SECONDS), talk.problems))
    listed = await talk.answer(ListDevices(), Devices, START_SECONDS)
    checks.append(devices_check(listed))
    if microphone and not ready.file_audio:
        result = await talk.answer(TestMicrophone(seconds=TEST_SECONDS, playback=False), TestResult, START_SECONDS)
        checks.append(microphone_check(result, talk.problems))
    return tuple(checks)


def library_check(ready: Ready) -> Check:
    """Return what the chain of sound libraries came to."""
    chain = ", ".join(
        f"{link.name} is used" if link.used else f"{link.name} is not used ({link.reason})" for link in ready.tried
    )
    return Check("audio library", ok=not ready.file_audio, detail=chain or ready.backend, remedy=ready.remedy)


def priority_check(ready: Ready) -> Check:
    """Return how early the system runs sound; ordinary priority is no fault, but a busy machine will be heard."""
    if ready.priority == Urgency.REAL_TIME:
        return Check("sound priority", ok=True, detail="real time: other work does not hold sound up")
    detail = f"{ready.priority}: on a busy machine sound may stumble ({PRIORITY_ADVICE})"
    return Check("sound priority", ok=True, detail=detail)


def devices_check(listed: Devices | None) -> Check:
    """Return what there is to hear and speak with."""
    if listed is None:
        return Check("audio devices", ok=False, detail="They could not be listed.", remedy="Look into the audio log.")
    inputs = sum(device.microphone for device in listed.devices)
    outputs = sum(device.speaker for device in listed.devices)
    names = ", ".join(device.name for device in listed.devices)
    return Check(
        "audio devices",
        ok=inputs > 0 and outputs > 0 and not listed.file_audio,
        detail=f"{inputs} to speak with, {outputs} to hear with: {names}",
        remedy=listed.remedy,
    )


def filters_check(wanted: Filtering, now: Filtering | None, problems: list[Problem]) -> Check:
    """Return whether the microphone goes through the filters that the configuration asks for."""
    if now == wanted:
        return Check("microphone filters", ok=True, detail="They work.")
    told = problems[-1] if problems else Problem(code="", message="They did not start.")
    return Check("microphone filters", ok=False, detail=told.message, remedy=told.remedy or "Look into the audio log.")


def microphone_check(result: TestResult | None, problems: list[Problem]) -> Check:
    """Return the verdict on the microphone; the reason why it could not be opened goes before the verdict."""
    if result is None:
        return Check("microphone", ok=False, detail="It could not be tested.", remedy="Look into the audio log.")
    check = Check(
        "microphone",
        ok=result.verdict is Verdict.OK,
        detail=f"{result.message} (peak {result.peak:.3f}, level {result.rms:.3f})",
        remedy=result.remedy,
    )
    if result.verdict is Verdict.NO_DEVICE and problems:
        return replace(check, detail=problems[-1].message, remedy=problems[-1].remedy)
    return check


def _not_started(talk: Conversation) -> Check:
    first = talk.problems[0] if talk.problems else Problem(code="", message="It did not start.")
    return Check("audio library", ok=False, detail=first.message, remedy=first.remedy)

"""Gather what every scripted part of the demo needs: the desk's interfaces, the time, and somebody to tell."""

import random
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from server.clock import Clock
from server.demo.content import Content, Script, Shared
from server.demo.feed import AssistantFeed
from server.demo.findings import Findings
from server.demo.line import Line
from server.demo.rest import DeskRest
from server.demo.twilio_leg import Carrier
from server.wire.terms import ConversationId

Tell = Callable[[str], None]
"""Who is told what happens, one plain sentence at a time."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast people think and type: `speed` 2 halves every pause; speech itself always takes its time."""

    clock: Clock
    speed: float = 1.0

    async def pause(self, seconds: float) -> None:
        """Wait as long as `seconds` mean at this speed."""
        await self.clock.sleep(seconds / self.speed)

    async def type_out(self, text: str) -> None:
        """Take the time that typing `text` takes."""
        await self.pause(min(1.0 + len(text) * 0.06, 8.0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Casting:
    """One performance of a script: under which number or handle, and the ids that make retries harmless."""

    script: Script
    handle: str
    external_id: str

    @property
    def who(self) -> str:
        """The customer and their number, for telling."""
        return f"{self.script.customer} ({self.handle})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """The desk as the players reach it.

    Attributes:
        carrier: Whose calls the Twilio-format callers are.
        callers: The caller's end of each call that is up, so that a check can ask what they heard.
    """

    rest: DeskRest
    feed: AssistantFeed
    pace: Pace
    shared: Shared
    carrier: Carrier
    tell: Tell
    findings: Findings
    callers: dict[ConversationId, Line] = field(default_factory=dict[ConversationId, Line])


VOICE_NUMBERS: Final = "+44 7700 900"
"""Numbers set aside for drama by the British regulator: they reach nobody."""


def cast_round(content: Content, number: int, seed: int) -> tuple[Casting, ...]:
    """Return all performances of round `number` (1, 2, ...), with numbers that differ from round to round."""
    numbers = random.Random(f"{seed}/{number}")  # noqa: S311 - telephone numbers for a play, not secrets
    digits = numbers.sample(range(1000), len(content.scripts))
    return tuple(
        Casting(
            script=script,
            handle=f"{VOICE_NUMBERS}{digit:03d}" if script.is_call else f"web-{digit:03d}",
            external_id=_external_id(script),
        )
        for script, digit in zip(content.scripts, digits, strict=True)
    )


def _external_id(script: Script) -> str:
    """Return the carrier's or the platform's id of one performance; Twilio's look like CA and 32 hex digits."""
    unique = secrets.token_hex(16)
    return f"CA{unique}" if script.is_call else f"demo-{script.id}-{unique[:12]}"

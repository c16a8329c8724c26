"""Bring the customers on, round after round: who comes when, and what happens when a performance fails."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

import msgspec

from server.demo.caller import CallPlay
from server.demo.chatter import ChatPlay
from server.demo.content import Content, Script
from server.demo.failures import single_failures
from server.demo.line import LineClosedError
from server.demo.rest import RefusedError, UnreachableError
from server.demo.speech import Recording, SpeechError, load_manifest
from server.demo.stage import Casting, Stage, cast_round
from server.wire.terms import Author

TOUR_APART_SECONDS: Final = 1.0
QUIET_SECONDS: Final = 60.0
"""Between two rounds nobody new comes for this long."""
_FAILURES: Final = (RefusedError, UnreachableError, LineClosedError, SpeechError)


class Director:
    """The play's running order on one stage."""

    def __init__(self, stage: Stage, content: Content, seed: int, *, tour: bool = False) -> None:
        """Direct the scripts of `content`; the same `seed` gives the same telephone numbers.

        With `tour`, a round is one caller and one chat, right at its start.
        """
        self._tour: Final = tour
        self._stage: Final = stage
        self._content: Final = content
        self._seed: Final = seed
        self.round = 0

    async def play_on(self) -> None:
        """Play round after round, each with new numbers, until cancelled."""
        while True:
            self.round += 1
            castings = cast_round(self._content, self.round, self._seed)
            await self.play(shortened(castings, 1, 1, TOUR_APART_SECONDS) if self._tour else castings)
            await self._stage.pace.pause(QUIET_SECONDS)

    async def play(self, castings: Sequence[Casting]) -> None:
        """Play one round: everybody comes at their time; returns when the last one has gone."""
        async with asyncio.TaskGroup() as tasks:
            for casting in castings:
                tasks.create_task(self._perform(casting))

    async def _perform(self, casting: Casting) -> None:
        """Play one customer's story; a failure is told and doesn't end the others'."""
        await self._stage.pace.pause(casting.script.arrives_seconds)
        play = CallPlay(self._stage, casting) if casting.script.is_call else ChatPlay(self._stage, casting)
        try:
            await play.run()
        except* _FAILURES as errors:
            for error in single_failures(errors):
                self._stage.findings.troubles.append(f"{casting.who}: {error}")
                self._stage.tell(f"{casting.who}: {error}")


def shortened(castings: Sequence[Casting], calls: int, chats: int, apart_seconds: float) -> tuple[Casting, ...]:
    """Return a short programme: `calls` (each transport in turn) and `chats`, one every `apart_seconds`.

    The callers are those who need the fewest words. Of each call only the caller's last turn before the handoff is
    heard; the others are written.
    """
    recorded = load_manifest()
    by_transport = {
        transport: sorted(
            (one for one in castings if one.script.is_call and one.script.transport == transport),
            key=lambda one: _spoken_seconds(one.script, recorded),
        )
        for transport in ("twilio", "stream")
    }
    callers: list[Casting] = [
        by_transport[transport][number // 2]
        for number, transport in zip(range(calls), ("twilio", "stream") * calls, strict=False)
        if number // 2 < len(by_transport[transport])
    ]
    writers = [one for one in castings if not one.script.is_call][:chats]
    return tuple(
        replace(one, script=_brief(one.script, number * apart_seconds))
        for number, one in enumerate((*callers, *writers))
    )


def _spoken_seconds(script: Script, recorded: Mapping[str, Recording]) -> float:
    """Return how long a short call takes: the last turn, the first answer, the return and the farewell."""
    lines = (*script.turns[-1:], *script.answers[:1], script.back, script.farewell)
    return sum(recorded[line.clip].seconds for line in lines)


def _brief(script: Script, arrives_seconds: float) -> Script:
    """Return the script with only the caller's last turn before the handoff to be heard."""
    last = max((i for i, turn in enumerate(script.turns) if turn.author is Author.CUSTOMER), default=-1)
    turns = tuple(
        turn if number == last else msgspec.structs.replace(turn, clip="") for number, turn in enumerate(script.turns)
    )
    return msgspec.structs.replace(script, turns=turns, arrives_seconds=arrives_seconds)

"""A whole performance in virtual time: a desk that agrees to everything, and a test that plays the events."""

import asyncio
from dataclasses import dataclass, field

import httpx
import msgspec
import pytest

from server.demo.caller import CallPlay
from server.demo.chatter import ChatPlay
from server.demo.content import load_content
from server.demo.hearing import tone_frame
from server.demo.legs import StreamLeg
from server.demo.stage import Casting, Stage
from server.demo.twilio_leg import TwilioLeg
from server.wire.events import (
    ConversationChanged,
    ConversationReturned,
    Event,
    MessageAdded,
    SessionActive,
    SessionQueued,
)
from server.wire.terms import Author, Outcome, Owner, SessionState
from server.wire.views import ConversationView, MediaGrant
from tests.unit.server.demo.desks import ScriptedDesk, json
from tests.unit.server.demo.lines import FakeLeg, pass_frames
from tests.unit.server.demo.test_case import CONVERSATION, NOW, SESSION, message, session

GRANT = MediaGrant(url="ws://media", token="t", epoch=0, expires_at=NOW, call_id=CONVERSATION.id)


@dataclass
class Performance:
    """One play under way; `said` is what the desk was told, `helper` and `caller` are the legs of a call."""

    desk: ScriptedDesk
    stage: Stage
    task: asyncio.Task[None]
    told: list[str]
    caller: FakeLeg = field(default_factory=FakeLeg)
    helper: FakeLeg = field(default_factory=FakeLeg)
    seq: int = 0

    @property
    def said(self) -> list[tuple[str, str]]:
        """Every turn the desk was told: author and text."""
        return [
            (str(body["author"]), str(body["text"]))
            for request, body in zip(self.desk.asked, self.desk.bodies(), strict=True)
            if request.url.path.endswith("/messages")
        ]

    @property
    def paths(self) -> list[str]:
        """The last part of each request's path, in order."""
        return [request.url.path.rsplit("/", 1)[-1] for request in self.desk.asked]

    def deal(self, kind: type[Event], **fields: object) -> None:
        """Let one event come from the desk."""
        self.seq += 1
        self.stage.feed.deal(kind(seq=self.seq, at=NOW, **fields))  # type: ignore[arg-type]  # the fields fit the kind

    def operator_joins(self) -> None:
        mine = msgspec.structs.replace(CONVERSATION, owner=Owner.OPERATOR, owner_epoch=1)
        self.deal(ConversationChanged, conversation=mine)
        self.deal(SessionActive, session=session(SessionState.ACTIVE))

    def operator_writes(self, text: str) -> None:
        self.deal(MessageAdded, message=message(Author.OPERATOR, text))

    def comes_back(self, note: str, outcome: Outcome = Outcome.RETURNED) -> None:
        mine = msgspec.structs.replace(CONVERSATION, owner=Owner.ASSISTANT, owner_epoch=2)
        over = session(SessionState.WRAP_UP, outcome=outcome, note=note)
        self.deal(ConversationReturned, conversation=mine, session=over)

    def comes_back_to_queue(self) -> None:
        mine = msgspec.structs.replace(CONVERSATION, owner=Owner.WAITING, owner_epoch=2)
        self.deal(ConversationChanged, conversation=mine)
        self.deal(SessionQueued, session=session(SessionState.QUEUED))

    async def wait(self, seconds: float) -> None:
        """Let time pass; legs need it frame by frame."""
        await pass_frames(self.desk.clock, round(seconds * 50))

    async def operator_speaks(self, seconds: float) -> None:
        """Let the caller hear an operator."""
        for number in range(round(seconds * 50)):
            self.caller.arrived.append(tone_frame(300.0, number))
            await pass_frames(self.desk.clock, 1)


def _answer(request: httpx.Request) -> httpx.Response:
    path = request.url.path
    if path.endswith("/messages"):
        return json(message(Author.CUSTOMER, "x"))
    if path.endswith("/handoffs"):
        return json(SESSION)
    if path.endswith("/legs"):
        return json(GRANT)
    if path.endswith("/typing"):
        return httpx.Response(202)
    return json(_conversation())


def _conversation() -> ConversationView:
    return CONVERSATION


async def perform(name: str, monkeypatch: pytest.MonkeyPatch) -> Performance:
    """Begin to play the script `name`."""
    script = next(one for one in load_content().scripts if one.id == name)
    casting = Casting(script=script, handle="web-001", external_id="CA" + "0" * 32)
    desk, told = ScriptedDesk(_answer), list[str]()
    stage = Stage(**{f: getattr(desk.stage(), f) for f in Stage.__slots__} | {"tell": told.append})
    play = CallPlay(stage, casting) if script.is_call else ChatPlay(stage, casting)
    task = asyncio.ensure_future(play.run())
    playing = Performance(desk, stage, task, told)

    async def open_caller(*_: object) -> FakeLeg:
        return playing.caller

    async def open_helper(*_: object) -> FakeLeg:
        return playing.helper

    monkeypatch.setattr(TwilioLeg, "open", open_caller)
    monkeypatch.setattr(StreamLeg, "open", open_helper)
    return playing

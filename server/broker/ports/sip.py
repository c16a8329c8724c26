"""Make and take calls over SIP: what the broker needs of a SIP stack that runs in a process of its own.

Adapters: `server.telephony.sip.engine.ProcessSipEngine` on baresip, and `server.telephony.sip.loopback.LoopbackSip` in
memory (ships, and serves tests and dry runs). No audio goes through the broker: it travels from the engine straight to
the media worker.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

import msgspec

from server.wire.terms import OrganisationId


@dataclass(frozen=True, slots=True, kw_only=True)
class LinePolicy:
    """Who answers calls over SIP.

    Attributes:
        organisation_id: Whose they are.
        assistant: Name of the assistant's key; empty: the only one.
        queue: A person is asked for at once, in this queue; empty: the assistant answers.
    """

    organisation_id: OrganisationId
    assistant: str = ""
    queue: str = ""


class MediaDoor(msgspec.Struct, frozen=True, kw_only=True):
    """Where a call's audio goes once it is up: the media listener's address, and the one-time token of its leg."""

    url: str
    token: str


class CallEnd(StrEnum):
    """How a call ended, as far as the other side said."""

    NORMAL = "normal"
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    CANCELLED = "cancelled"
    FAILED = "failed"


class SipIncoming(msgspec.Struct, frozen=True, kw_only=True, tag="incoming"):
    """Somebody calls; it rings at them until `answer` or `refuse`.

    Attributes:
        call_id: The engine's own id of the call.
        caller: Their number or address, without `sip:` where it is a number.
        name: What they call themselves.
        called: The number or user they dialled.
        source: The IP address that the request came from; empty when it is not known.
        headers: Of the request, those that the engine is told to look at.
    """

    call_id: str
    caller: str
    name: str = ""
    called: str = ""
    source: str = ""
    headers: Mapping[str, str] = {}


class SipRinging(msgspec.Struct, frozen=True, kw_only=True, tag="ringing"):
    """A call that we placed rings (180), or its network already speaks (183)."""

    call_id: str
    reference: str


class SipAnswered(msgspec.Struct, frozen=True, kw_only=True, tag="answered"):
    """Both sides have agreed on audio."""

    call_id: str
    reference: str


class SipHeld(msgspec.Struct, frozen=True, kw_only=True, tag="held"):
    """The other side put us on hold, or took us back."""

    call_id: str
    reference: str
    on: bool


class SipTransferAsked(msgspec.Struct, frozen=True, kw_only=True, tag="transfer_asked"):
    """The other side wanted us to call somebody else (an inbound REFER); the engine has refused it."""

    call_id: str
    reference: str
    target: str


class SipEnded(msgspec.Struct, frozen=True, kw_only=True, tag="ended"):
    """A call is over.

    Attributes:
        reference: What it was answered or dialled with; empty for one that was never answered.
        end: How.
        reason: For people: the other side's words.
        status: The SIP status, 0 when there was none.
        by_us: We hung up.
    """

    call_id: str
    reference: str
    end: CallEnd
    reason: str = ""
    status: int = 0
    by_us: bool = False


class SipRegistered(msgspec.Struct, frozen=True, kw_only=True, tag="registered"):
    """A trunk's registrar took our registration, or refused it and says why."""

    trunk: str
    ok: bool
    reason: str = ""


SipFact = SipIncoming | SipRinging | SipAnswered | SipHeld | SipTransferAsked | SipEnded | SipRegistered
"""All that an engine tells."""

TakeFact = Callable[[SipFact], Awaitable[None]]
"""Who hears it, in order."""


class SipCall(msgspec.Struct, frozen=True, kw_only=True):
    """A call that lives in the engine: for a broker that starts while calls go on."""

    call_id: str
    reference: str
    answered: bool


class ReferOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a REFER: the call moved and is gone, or it is still here and `status` and `reason` say why.

    `status` is 0 when nobody said one: no answer in time, or the call ended meanwhile.
    """

    moved: bool
    status: int = 0
    reason: str = ""


class SipEngine(Protocol):
    """A SIP stack: takes calls, places calls, and moves them."""

    async def start(self, take: TakeFact) -> tuple[SipCall, ...]:
        """Come up, or take over one that runs; return its calls. Facts go to `take` from now on.

        What happened meanwhile is told then, and calls that ring are told of anew.

        Raises:
            ProviderError: `sip_not_installed`, `sip_port_taken`, `sip_failed`.
        """
        ...

    async def stop(self, *, end_calls: bool) -> None:
        """Let go of it; with `end_calls` its calls end too."""
        ...

    async def answer(self, call_id: str, reference: str, door: MediaDoor) -> None:
        """Answer a call once its audio has a way; one that is gone or answered already is left as it is.

        Raises:
            ProviderError: `sip_engine_away`, `sip_refused`.
        """
        ...

    async def refuse(self, call_id: str) -> None:
        """Decline a call as busy; one that is gone already is no error.

        Raises:
            ProviderError: `sip_engine_away`.
        """
        ...

    async def dial(self, to: str, reference: str, ring_seconds: float, door: MediaDoor) -> str:
        """Have it ring at a number or SIP address, and return the engine's id of the call; never tried twice.

        Raises:
            ProviderError: `sip_engine_away`, `sip_refused`.
        """
        ...

    async def hang_up(self, call_id: str) -> None:
        """End a call, ringing or not; one that is over already stays so.

        Raises:
            ProviderError: `sip_engine_away`.
        """
        ...

    async def refer(self, call_id: str, target: str, seconds: float) -> ReferOutcome:
        """Ask the other side to call `target` instead of us (blind REFER), and wait for what it reports.

        Raises:
            ProviderError: `sip_engine_away`, `sip_refused` for a target that is none.
        """
        ...

"""Speak between broker and engine process: one JSON object a line on a Unix socket, orders one way, facts the other."""

from typing import Final

import msgspec

from server.broker.ports.sip import MediaDoor, ReferOutcome, SipCall, SipFact

LONGEST_LINE: Final = 1024 * 1024


class AnswerCall(msgspec.Struct, frozen=True, kw_only=True, tag="answer"):
    """See `SipEngine.answer`."""

    call_id: str
    reference: str
    door: MediaDoor


class RefuseCall(msgspec.Struct, frozen=True, kw_only=True, tag="refuse"):
    """See `SipEngine.refuse`."""

    call_id: str


class DialCall(msgspec.Struct, frozen=True, kw_only=True, tag="dial"):
    """See `SipEngine.dial`."""

    to: str
    reference: str
    ring_seconds: float
    door: MediaDoor


class HangUpCall(msgspec.Struct, frozen=True, kw_only=True, tag="hang_up"):
    """See `SipEngine.hang_up`."""

    call_id: str


class ReferCall(msgspec.Struct, frozen=True, kw_only=True, tag="refer"):
    """See `SipEngine.refer`."""

    call_id: str
    target: str
    seconds: float


class EndEngine(msgspec.Struct, frozen=True, kw_only=True, tag="end"):
    """Hang up on everybody and end the process."""


Body = AnswerCall | RefuseCall | DialCall | HangUpCall | ReferCall | EndEngine


class Order(msgspec.Struct, frozen=True):
    """One order; its number comes back with the reply."""

    number: int
    body: Body


class Welcome(msgspec.Struct, frozen=True, kw_only=True, tag="welcome"):
    """The process's first line: which settings it runs on, and its calls."""

    digest: str
    calls: tuple[SipCall, ...] = ()


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """Why an order was not carried out, for people."""

    message: str


class Reply(msgspec.Struct, frozen=True, kw_only=True, tag="reply"):
    """What became of an order: a new call's id, a transfer's outcome, or a refusal."""

    number: int
    call_id: str = ""
    outcome: ReferOutcome | None = None
    refusal: Refusal | None = None


class Fact(msgspec.Struct, frozen=True, kw_only=True, tag="fact"):
    """Something happened."""

    fact: SipFact


FromEngine = Welcome | Reply | Fact
"""All lines of the process."""

orders: Final = msgspec.json.Decoder(Order)
lines: Final = msgspec.json.Decoder(FromEngine)


def line(value: Order | FromEngine) -> bytes:
    """Return one line."""
    return msgspec.json.encode(value) + b"\n"

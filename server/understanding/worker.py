"""Be the process that understands: one JSON line in, one JSON line out, until its input ends.

A process of its own, so that models never share a loop with the broker. The first line has the settings; each further
one is a conversation to look at.

Before: `server.understanding.desk` has started it. After: it sends what shows back.
"""

import gc
import sys
from typing import BinaryIO

import msgspec

from server.broker.ports.understanding import Assessment, Turn
from server.core.errors import CallerError
from server.understanding.assess import Assessor
from server.understanding.encoder import Encoder, load_encoder
from server.understanding.trigger_settings import TriggerSettings
from server.wire.requests import HouseRule
from server.wire.views import Attribute


class Begin(msgspec.Struct, frozen=True):
    """The first line: how to work."""

    settings: TriggerSettings
    model: bool = True
    model_path: str = ""


class Ask(msgspec.Struct, frozen=True):
    """One conversation to look at."""

    number: int
    turns: tuple[Turn, ...]
    facts: dict[str, Attribute] = {}
    rules: tuple[HouseRule, ...] = ()


class Answer(msgspec.Struct, frozen=True):
    """What showed in it; `number` is that of the question."""

    number: int
    assessment: Assessment


class Ready(msgspec.Struct, frozen=True):
    """The first line back: whether a model is used, and what to know about it."""

    model: bool
    note: str = ""


def work(source: BinaryIO, sink: BinaryIO) -> None:
    """Answer every line of `source` until it ends."""
    begin = msgspec.json.decode(source.readline(), type=Begin)
    encoder, note = _encoder(begin)
    assessor = Assessor(begin.settings, encoder)
    gc.freeze()
    _tell(sink, Ready(encoder is not None, note))
    asks = msgspec.json.Decoder(Ask)
    for line in source:
        ask = asks.decode(line)
        _tell(sink, Answer(ask.number, assessor.assess(ask.turns, ask.facts, ask.rules)))


def _encoder(begin: Begin) -> tuple[Encoder | None, str]:
    """Return the encoder, and what to know when there is none."""
    if not begin.model:
        return None, "The model is switched off: rules and linear models work alone."
    try:
        found = load_encoder(begin.model_path)
    except CallerError as error:
        return None, f"{error.message} {error.hint}"
    return (found, "") if isinstance(found, Encoder) else (None, found.why)


def _tell(sink: BinaryIO, answer: msgspec.Struct) -> None:
    sink.write(msgspec.json.encode(answer) + b"\n")
    sink.flush()


if __name__ == "__main__":
    work(sys.stdin.buffer, sys.stdout.buffer)

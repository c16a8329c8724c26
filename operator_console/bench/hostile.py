"""Measure what a message made to hurt costs: through the cleaner and the wrapping, to the lines of the screen."""

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from statistics import median
from typing import Final

from operator_console.bench.figures import Measure, measure
from operator_console.model.clean import clean_message
from operator_console.tui.widgets.transcript import block
from server.wire.terms import Author, ConversationId, Medium, MessageId, OperatorId
from server.wire.views import MessageView

RENDER_MS: Final = 50.0
WIDTH: Final = 100
RUNS: Final = 5
HOSTILE: Final = {
    "escapes": "\x1b[2J\x1b]0;own\x07\x9b31m ",
    "one word": "x",
    "newlines": "\n",
    "wide": "漢字",
    "marks": "e\u0301\u0302\u0303\u0304\u0305\u0306\u0307",
    "joined emoji": "👩\u200d👩\u200d👧\u200d👦",
    "styled emoji": "❤\ufe0f\u200d🔥",
    "vowel signs": "क\u093f\u0947\u094d",
    "long chains": "👩\u200d" * 6 + "👦",
    "joined words": "\u0628\u200c\u0627\u200d",
    "jamo": "\u1100\u1161\u11a8",
    "directions": "\u202eabc\u2066\u200b",
    "spaces": "a ",
    "unassigned": "\u0378\ue000\ufdd0",
}
"""Pieces that a hostile text repeats."""


def hostile_text(kind: str, size: int) -> str:
    """Return a text of at most `size` bytes of UTF-8, and at least nearly as many."""
    piece = HOSTILE[kind]
    return piece * (size // len(piece.encode()))


def hostile_measures(size: int) -> Sequence[Measure]:
    """Return what each kind costs in processor time, the median of some runs."""
    return [measure(f"message of {size:,} bytes, {kind}", _cost_ms(kind, size), "ms", RENDER_MS) for kind in HOSTILE]


def _cost_ms(kind: str, size: int) -> float:
    message = MessageView(
        id=MessageId("m"),
        conversation_id=ConversationId("c"),
        position=1,
        author=Author.CUSTOMER,
        text=hostile_text(kind, size),
        at=datetime.fromtimestamp(0, UTC),
    )
    costs: list[float] = []
    for _ in range(RUNS):
        began = time.process_time()
        block(clean_message(message), WIDTH, medium=Medium.CHAT, me=OperatorId("me"), zone=None)
        costs.append(1000 * (time.process_time() - began))
    return median(costs)

"""Measure each piece on labelled files: which measurements there are, and where each one lives.

A measurement is a module with one function `evaluate(path) -> Report`. To add one, write the module and name it in
EVALUATIONS; `operator-server eval NAME --data FILE` and `make eval` find it there.
"""

from typing import Final

EVALUATIONS: Final[dict[str, str]] = {
    "guard": "server.understanding.evaluation.guard",
    "extraction": "server.understanding.evaluation.extraction",
    "summary": "server.understanding.evaluation.summary",
    "topics": "server.understanding.evaluation.topics",
    "sentiment": "server.understanding.evaluation.sentiment",
    "stt": "server.understanding.evaluation.stt",
}
"""The module of each measurement; loaded only when it is asked for."""

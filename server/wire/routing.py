"""Show why a session rings where it rings, or why it does not ring at all."""

from datetime import datetime

from server.wire.skills import Skill
from server.wire.terms import OperatorId, Presence, SessionId, SessionState
from server.wire.view import View


class RuleResult(View, frozen=True, kw_only=True):
    """What one rule of routing says of one operator."""

    rule: str
    passed: bool
    words: str


class Candidate(View, frozen=True, kw_only=True):
    """One operator as routing sees them for one session; `place` 1 is rung next, None may not be rung."""

    operator_id: OperatorId
    name: str
    presence: Presence
    rules: tuple[RuleResult, ...]
    place: int | None = None


class NextStep(View, frozen=True, kw_only=True):
    """What happens by itself if nothing else happens first."""

    at: datetime
    what: str


class WhyView(View, frozen=True, kw_only=True):
    """Why a session is where it is.

    Attributes:
        summary: One or two sentences.
        strategy: How its queue chooses whom to ring.
        position: Its place in its queue, from 1; 0 when it does not wait.
        waited_seconds: In this queue.
        needs: The skills it needs by now.
        candidates: Everybody on the roster, whoever is rung next first.
        steps: What comes by itself, the next first.
    """

    session_id: SessionId
    number: str
    state: SessionState
    queue: str
    summary: str
    strategy: str
    position: int = 0
    waited_seconds: float = 0.0
    needs: tuple[Skill, ...] = ()
    candidates: tuple[Candidate, ...] = ()
    steps: tuple[NextStep, ...] = ()

"""Put what the understanding found on the card, and decide by the settings alone what follows from it. Pure.

No text that anybody said decides here: scores are compared with settings, and queue and priority come from settings.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import msgspec

from server.broker.ports.understanding import Assessment, Finding, Turn
from server.wire.requests import NewHandoff
from server.wire.sanitize import clean_line
from server.wire.terms import Author, MoodLabel
from server.wire.views import Context, MessageView, Mood, Sign

MOST_SIGNS: Final = 8
GUARD: Final = "guard"
"""The sign that says what the guard thinks of the customer's wish."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MindPolicy:
    """What follows from what was understood; from `[understanding]` and `[triggers]`.

    Attributes:
        guard: off: nobody is judged. observe: the card shows the verdict. enforce: a wish that is not
            genuine is declined.
        decline_below: The guard's score below which `enforce` declines.
        live_mood: The card's mood is ours; otherwise what the assistant sent stands.
        request: Triggers request the handoff themselves; otherwise they are only shown.
        queue: Where a request of a trigger goes that names no queue.
        priority: Likewise.
    """

    guard: Literal["off", "observe", "enforce"] = "observe"
    decline_below: float = 0.3
    live_mood: bool = True
    request: bool = False
    queue: str = "default"
    priority: int = 5


def turns_of(messages: Sequence[MessageView]) -> tuple[Turn, ...]:
    """Return what was said, without notes and lines of ours."""
    spoken = {Author.CUSTOMER, Author.ASSISTANT, Author.OPERATOR}
    return tuple(Turn(one.author, one.text, one.at, one.position) for one in messages if one.author in spoken)


def since_the_last_person(messages: Sequence[MessageView]) -> Sequence[MessageView]:
    """Return the turns after the last of a person or of ours: what was asked before has been dealt with."""
    for at in range(len(messages) - 1, -1, -1):
        if messages[at].author in {Author.OPERATOR, Author.SYSTEM}:
            return messages[at + 1 :]
    return messages


def shown(context: Context, assessment: Assessment, policy: MindPolicy, *, declined: bool = False) -> Context:
    """Return the card's context with what was found."""
    signs = [
        Sign(
            name=one.trigger,
            reason=clean_line(one.reason, 120),
            span=clean_line(one.span, 160),
            turn=one.turn,
            score=one.score,
        )
        for one in assessment.findings
    ]
    asked = any(one.trigger == "asks_for_person" for one in assessment.findings)
    if policy.guard != "off" and not asked:
        signs.insert(0, _guard_sign(assessment, declined=declined))
    live = policy.live_mood and assessment.mood is not MoodLabel.UNKNOWN
    return msgspec.structs.replace(
        context,
        mood=Mood(label=assessment.mood, score=assessment.score, course=assessment.course[-40:])
        if live
        else context.mood,
        topic=context.topic or assessment.topic.replace("_", " "),
        language=context.language or assessment.language,
        signs=tuple(signs[:MOST_SIGNS]),
    )


def declines(assessment: Assessment | None, body: NewHandoff, policy: MindPolicy) -> bool:
    """Tell whether a request is declined: the customer is said to have asked, has spoken, and did not mean it.

    Without an answer nobody is declined; nor is a request for which any other trigger stands.
    """
    if policy.guard != "enforce" or assessment is None or not body.customer_asked:
        return False
    spoke = assessment.guard.turn is not None
    return spoke and assessment.guard.score < policy.decline_below and not reasons(assessment.findings)


def reasons(findings: Sequence[Finding]) -> list[Finding]:
    """Return the findings that call for a person."""
    return [one for one in findings if one.asks_for_handoff]


def request_for(findings: Sequence[Finding], policy: MindPolicy) -> NewHandoff | None:
    """Return the handoff that the findings call for: the most urgent one's queue and priority; None when none does."""
    wanted = reasons(findings)
    if not wanted:
        return None
    first = max(wanted, key=lambda one: one.priority if one.priority is not None else policy.priority)
    queue = first.queue or next((one.queue for one in wanted if one.queue), "") or policy.queue
    priority = first.priority if first.priority is not None else policy.priority
    return NewHandoff(
        reason=f"{_NAMES.get(first.trigger, first.trigger)}: {first.reason}"[:200],
        queue=queue,
        priority=priority,
        customer_asked=False,
    )


DEFAULT_MIND: Final = MindPolicy()
"""As shipped."""
_NAMES: Final = {
    "asks_for_person": "Asks for a person",
    "complexity": "Too much for the assistant",
    "mood": "Mood",
    "topic": "Topic",
    "too_long": "Too long",
}


def _guard_sign(assessment: Assessment, *, declined: bool) -> Sign:
    judged = assessment.guard
    reason = f"declined: {judged.reason}" if declined else judged.reason
    return Sign(name=GUARD, reason=reason, span=clean_line(judged.span, 160), turn=judged.turn, score=judged.score)

"""Collect what the plain mode saw with its own eyes and ears, and judge it: did a call and a chat come back?

Pure. The history has the last word; what was heard on the lines is checked beside it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from server.wire.events import ConversationReturned
from server.wire.terms import ConversationId, Medium, Outcome, Owner
from server.wire.views import SessionView

GIVEN_BACK: Final = frozenset({Outcome.RETURNED, Outcome.RESOLVED})
"""Outcomes after which the conversation is the assistant's again."""


@dataclass(slots=True, kw_only=True)
class Sound:
    """What was measured on one call, in 20 ms frames.

    Attributes:
        from_caller: Frames of speech the operator heard.
        tone_sent: Frames of the test tone the operator sent, unmuted.
        tone_heard: How many of them the caller heard as that tone.
        muted_sent: Frames of the tone put to the microphone while muted.
        muted_heard: How many of them the caller heard; must be none.
    """

    from_caller: int = 0
    tone_sent: int = 0
    tone_heard: int = 0
    muted_sent: int = 0
    muted_heard: int = 0


@dataclass(slots=True)
class Findings:
    """Everything seen in one plain run."""

    sounds: dict[ConversationId, Sound] = field(default_factory=dict[ConversationId, Sound])
    returns: list[ConversationReturned] = field(default_factory=list[ConversationReturned])
    answers_read: dict[ConversationId, int] = field(default_factory=dict[ConversationId, int])
    """How many answers of the customer the operator read, by chat."""
    troubles: list[str] = field(default_factory=list[str])
    """What went wrong on the way, in words."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at, and whether it is as it must be."""

    ok: bool
    text: str


def judge(history: Sequence[SessionView], findings: Findings, notes: Sequence[str]) -> tuple[Check, ...]:
    """Return what was checked: `history` are the closed sessions, `notes` what the operator agreed with customers."""
    return (
        _given_back(history, findings, Medium.VOICE),
        _given_back(history, findings, Medium.CHAT),
        _both_ways(findings),
        _muted(findings),
        _chatted(findings),
        _told(findings, notes),
        Check(not findings.troubles, "; ".join(findings.troubles) or "nothing went wrong on the way"),
    )


def _given_back(history: Sequence[SessionView], findings: Findings, medium: Medium) -> Check:
    """Look for a session of `medium` that an operator had, gave back, and the assistant took up again."""
    word = "call" if medium is Medium.VOICE else "chat"
    taken_up = {event.session.id for event in findings.returns if event.conversation.owner is Owner.ASSISTANT}
    closed = [
        one
        for one in history
        if one.medium is medium and one.active_at is not None and one.operator_id and one.outcome in GIVEN_BACK
    ]
    good = [one for one in closed if one.id in taken_up]
    if good:
        numbers = ", ".join(f"{one.number} {one.outcome}" for one in good)
        return Check(ok=True, text=f"history: {len(good)} {word}(s) returned to the assistant ({numbers})")
    if closed:
        return Check(ok=False, text=f"history: a {word} was given back, but the assistant did not take it up")
    return Check(ok=False, text=f"history: no {word} returned to the assistant")


def _both_ways(findings: Findings) -> Check:
    """Look for calls on which both sides heard each other."""
    sounds = list(findings.sounds.values())
    heard = sum(sound.from_caller for sound in sounds)
    tone, sent = sum(sound.tone_heard for sound in sounds), sum(sound.tone_sent for sound in sounds)
    ok = bool(sounds) and all(one.from_caller > 0 and one.tone_heard * 2 >= one.tone_sent > 0 for one in sounds)
    return Check(
        ok=ok,
        text=f"audio both ways: operator heard {heard * 20} ms of callers' speech, "
        f"callers heard {tone} of {sent} frames of the operator's 880 Hz tone",
    )


def _muted(findings: Findings) -> Check:
    """Look for a mute during which nothing of the operator was heard."""
    sent = sum(sound.muted_sent for sound in findings.sounds.values())
    heard = sum(sound.muted_heard for sound in findings.sounds.values())
    return Check(ok=sent > 0 and heard == 0, text=f"mute: callers heard {heard} of {sent} frames spoken while muted")


def _chatted(findings: Findings) -> Check:
    """Look for customers' answers in every chat."""
    read = sum(findings.answers_read.values())
    ok = bool(findings.answers_read) and all(findings.answers_read.values())
    return Check(
        ok=ok, text=f"chat both ways: {read} answer(s) to the operator in {len(findings.answers_read)} chat(s)"
    )


def _told(findings: Findings, notes: Sequence[str]) -> Check:
    """Look for the operator's note in what the assistant was told."""
    told = sum(1 for event in findings.returns if event.session.note in notes)
    ok = bool(findings.returns) and told == len(findings.returns)
    return Check(ok=ok, text=f"context: the assistant was told what was agreed in {told} of {len(findings.returns)}")

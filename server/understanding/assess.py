"""Look at a whole conversation so far and say what shows: mood, topic, language, and which triggers fire and why.

Pure: the same turns, facts and settings give the same answer. What is said decides nothing but these scores; queue and
priority come from the settings alone.

Before: `server.understanding.worker` has the turns of a conversation. After: the broker shows the findings on the card
and, where `[triggers] act` says so, requests the handoff.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Final

from server.broker.ports.understanding import Assessment, Finding, Judged, Turn
from server.understanding import expressions
from server.understanding.encoder import Encoder
from server.understanding.guard import Verdict, judge
from server.understanding.language import language_of
from server.understanding.mood import NEUTRAL, PartyMood, TurnMood, mood_of, party_mood
from server.understanding.text import plain, words
from server.understanding.topics import Topics
from server.understanding.trigger_settings import Part, TriggerSettings, parsed
from server.understanding.words import read_words
from server.wire.requests import HouseRule
from server.wire.terms import Author, MoodLabel
from server.wire.views import Attribute

MOST_TURNS: Final = 200
"""Only so many of the last turns are looked at."""
SAME: Final = 0.72
"""Two turns share so many of their words: the same was said again."""
LEAST_WORDS: Final = 3
"""A shorter turn is never a repeat ("yes", "no, thanks")."""
FALL_OVER: Final = 4
"""A fall of mood is looked for over so many of the customer's turns."""
LONGEST_SPAN: Final = 160


MOST_KNOWN: Final = 8_000
"""Turns that are remembered; of more the oldest is forgotten."""


@dataclass(frozen=True, slots=True)
class _Known:
    """What is known of a turn's words: worked out once, kept while the conversation goes on."""

    mood: TurnMood
    verdict: Verdict | None
    topic: str
    topic_margin: float
    words: frozenset[str]
    phrases: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Seen:
    """One turn at its place."""

    turn: Turn
    at: int
    known: _Known


class Assessor:
    """What looks at conversations: one set of topics, one encoder, and a memory of turns already worked out."""

    def __init__(self, settings: TriggerSettings, encoder: Encoder | None) -> None:
        """Make the topics of `settings` ready."""
        self._settings = settings
        self._encoder = encoder
        self._topics = Topics(settings.all_topics(), encoder)
        self._known: dict[tuple[Author, str], _Known] = {}

    def assess(
        self, turns: Sequence[Turn], facts: Mapping[str, Attribute], rules: Sequence[HouseRule] = ()
    ) -> Assessment:
        """Return what shows in a conversation, its newest turn last; `rules` are added to those of the settings."""
        seen = [self._look(turn, at) for at, turn in enumerate(turns, 1)][-MOST_TURNS:]
        mine = [one for one in seen if one.turn.author is Author.CUSTOMER]
        mood = party_mood([one.known.mood.score for one in mine])
        others = party_mood([one.known.mood.score for one in seen if one.turn.author is Author.OPERATOR])
        topic = max((one for one in mine if one.known.topic), key=lambda one: one.known.topic_margin, default=None)
        language = language_of(" ".join(one.turn.text for one in mine[-6:]))
        known = {
            **facts,
            "turns": float(len(mine)),
            "minutes": _seconds(mine) / 60,
            "mood": mood.score,
            "topic": topic.known.topic if topic else "",
            "language": language,
        }
        findings = [
            *self._asks(mine),
            *_complexity(self._settings, seen),
            *_mood_falls(self._settings, mine, mood),
            *self._topic(topic),
            *_too_long(self._settings, mine),
            *_house_rules((*self._settings.rules, *rules), known),
        ]
        return Assessment(
            mood=MoodLabel(mood.label) if mine else MoodLabel.UNKNOWN,
            score=mood.score,
            course=mood.course,
            operator_course=others.course,
            topic=topic.known.topic if topic else "",
            language=language,
            guard=_judged(mine),
            findings=tuple(findings),
        )

    def _look(self, turn: Turn, at: int) -> _Seen:
        key = (turn.author, turn.text)
        known = self._known.get(key)
        if known is None:
            known = self._work_out(turn)
            if len(self._known) >= MOST_KNOWN:
                del self._known[next(iter(self._known))]
            self._known[key] = known
        return _Seen(turn, turn.position or at, known)

    def _work_out(self, turn: Turn) -> _Known:
        """Look at a turn by itself; an assistant has no mood, so that no time goes into it."""
        said = plain(turn.text)
        phrases = frozenset(kind for kind, pattern in _phrases().items() if pattern.search(said))
        if turn.author is not Author.CUSTOMER:
            mood = mood_of(turn.text, self._encoder) if turn.author is Author.OPERATOR else NEUTRAL
            return _Known(mood, None, "", 0.0, frozenset(), phrases)
        verdict = judge(turn.text, self._encoder)  # first: its one run of the encoder serves mood and topic too
        mood = mood_of(turn.text, self._encoder)
        best = self._topics.find(turn.text)[0] if len(words(said)) >= LEAST_WORDS else None
        topic, margin = (best.name, best.margin) if best and best.sure else ("", 0.0)
        return _Known(mood, verdict, topic, margin, frozenset(words(turn.text)), phrases)

    def _asks(self, mine: Sequence[_Seen]) -> list[Finding]:
        part = self._settings.asks_for_person
        judged = [
            (one, one.known.verdict) for one in mine if one.known.verdict and one.known.verdict.score >= part.threshold
        ]
        if not part.enabled or not judged:
            return []
        one, verdict = judged[-1]
        return [_finding(part, "asks_for_person", verdict.reason, at=one.at, score=verdict.score, span=verdict.span)]

    def _topic(self, topic: _Seen | None) -> list[Finding]:
        if topic is None:
            return []
        found = self._topics.topic(topic.known.topic)
        return [
            Finding(
                trigger="topic",
                reason=f"about {topic.known.topic.replace('_', ' ')}",
                span=topic.turn.text[:LONGEST_SPAN],
                turn=topic.at,
                score=round(topic.known.topic_margin, 3),
                queue=found.queue,
                priority=found.priority,
                asks_for_handoff=bool(found.queue),
            )
        ]


def _finding(
    part: Part, trigger: str, reason: str, *, at: int | None = None, score: float | None = None, span: str = ""
) -> Finding:
    return Finding(
        trigger=trigger,
        reason=reason,
        span=span[:LONGEST_SPAN],
        turn=at,
        score=None if score is None else round(score, 3),
        queue=part.queue,
        priority=part.priority,
    )


def _judged(mine: Sequence[_Seen]) -> Judged:
    """Return the heaviest verdict over the customer's turns, the newest of equals."""
    best: tuple[_Seen, Verdict] | None = None
    for one in mine:
        if one.known.verdict is not None and (best is None or _weight(one.known.verdict) >= _weight(best[1])):
            best = (one, one.known.verdict)
    if best is None:
        return Judged(score=0.0, reason="the customer has said nothing yet")
    one, verdict = best
    return Judged(score=round(verdict.score, 3), reason=verdict.reason, span=verdict.span[:LONGEST_SPAN], turn=one.at)


def _weight(verdict: Verdict) -> tuple[bool, float]:
    """Return how much a verdict says: a wish, taken back or not, says more than none."""
    return bool(verdict.span), verdict.score


def _complexity(settings: TriggerSettings, seen: Sequence[_Seen]) -> list[Finding]:
    """Return what shows that the assistant does not get further."""
    part = settings.complexity
    if not part.enabled:
        return []
    theirs = [one for one in seen if one.turn.author is Author.ASSISTANT]
    mine = [one for one in seen if one.turn.author is Author.CUSTOMER]
    counts = (
        ("steps taken", part.steps, [one for one in theirs if _says("step", one)]),
        ("the customer repeats it", part.repeats, _repeats(mine)),
        ("the assistant does not know", part.gaps, [one for one in theirs if _says("gap", one)]),
        (
            "not understood",
            part.rephrasings,
            [one for one in theirs if _says("rephrase", one)] + [one for one in mine if _says("misunderstood", one)],
        ),
    )
    return [
        _finding(part, "complexity", f"{what}: {len(found)} times", at=found[-1].at, span=found[-1].turn.text)
        for what, limit, found in counts
        if limit and len(found) >= limit
    ]


def _repeats(mine: Sequence[_Seen]) -> list[_Seen]:
    """Return the customer's turns that say what one before said."""
    said = [one.known.words for one in mine]
    return [
        one
        for at, one in enumerate(mine)
        if len(said[at]) >= LEAST_WORDS and any(_alike(said[at], before) for before in said[:at])
    ]


def _alike(one: frozenset[str], other: frozenset[str]) -> bool:
    few, many = sorted((len(one), len(other)))
    if few < LEAST_WORDS or few / many < SAME:  # of so unequal sets no more than few / many can be shared
        return False
    return len(one & other) / len(one | other) >= SAME


def _mood_falls(settings: TriggerSettings, mine: Sequence[_Seen], mood: PartyMood) -> list[Finding]:
    part = settings.mood
    if not part.enabled or not mine:
        return []
    recent = mood.course[-FALL_OVER:]
    fall = max(recent) - mood.score
    if mood.score <= part.floor:
        return [_finding(part, "mood", mood.label, at=mine[-1].at, score=mood.score, span=mine[-1].turn.text)]
    if fall >= part.fall:
        return [
            _finding(part, "mood", f"falls to {mood.label}", at=mine[-1].at, score=mood.score, span=mine[-1].turn.text)
        ]
    return []


def _too_long(settings: TriggerSettings, mine: Sequence[_Seen]) -> list[Finding]:
    part = settings.too_long
    if not part.enabled or not mine:
        return []
    if part.turns and len(mine) >= part.turns:
        return [_finding(part, "too_long", f"{len(mine)} turns on one request", at=mine[-1].at)]
    seconds = _seconds(mine)
    if part.seconds and seconds >= part.seconds:
        return [_finding(part, "too_long", f"{seconds / 60:.0f} minutes on one request", at=mine[-1].at)]
    return []


def _seconds(mine: Sequence[_Seen]) -> float:
    """Return how long the request has taken, from the customer's first turn to the newest."""
    instants: list[datetime] = [one.turn.when for one in mine if one.turn.when is not None]
    return (instants[-1] - instants[0]).total_seconds() if len(instants) > 1 else 0.0


def _house_rules(rules: Sequence[HouseRule], facts: Mapping[str, Attribute]) -> list[Finding]:
    return [
        Finding(
            trigger=f"rule:{rule.name}",
            reason=rule.reason,
            span=rule.when[:LONGEST_SPAN],
            queue=rule.queue,
            priority=rule.priority,
        )
        for rule in rules
        if rule.enabled and expressions.holds(parsed(rule.when), facts)
    ]


def _says(kind: str, one: _Seen) -> bool:
    return kind in one.known.phrases


@cache
def _phrases() -> dict[str, re.Pattern[str]]:
    file = read_words("phrases_en.toml", dict[str, str])
    return {kind: re.compile(pattern.replace("\n", ""), re.IGNORECASE) for kind, pattern in file.items()}

"""Put into words why a session rings where it rings: the page of `:why`, and what the shell prints. Pure."""

from collections.abc import Iterator
from datetime import datetime, tzinfo

import msgspec

from operator_console.model.clean import instant, line
from operator_console.model.wording import since
from server.wire.routing import Candidate, WhyView
from server.wire.skills import in_words

Chapter = tuple[str, list[str]]
"""A title and its lines."""


def clean_why(why: WhyView) -> WhyView:
    """Return an explanation with harmless text."""
    return msgspec.structs.replace(
        why,
        number=line(why.number),
        queue=line(why.queue),
        summary=line(why.summary),
        strategy=line(why.strategy),
        candidates=tuple(_clean_candidate(one) for one in why.candidates),
        steps=tuple(msgspec.structs.replace(step, at=instant(step.at), what=line(step.what)) for step in why.steps),
    )


def _clean_candidate(candidate: Candidate) -> Candidate:
    rules = tuple(
        msgspec.structs.replace(said, rule=line(said.rule), words=line(said.words)) for said in candidate.rules
    )
    return msgspec.structs.replace(candidate, name=line(candidate.name), rules=rules)


def why_pages(why: WhyView, now: datetime, zone: tzinfo | None) -> list[Chapter]:
    """Return the chapters of an explanation."""
    return [
        (f"{why.number} in queue {why.queue}", list(_standing(why))),
        ("Comes by itself", list(_steps(why, now, zone)) or ["nothing"]),
        ("Operators", [row for one in why.candidates for row in _operator(one)] or ["nobody is looked for"]),
    ]


def _standing(why: WhyView) -> Iterator[str]:
    yield why.summary
    if why.position:
        waited = f"{int(why.waited_seconds // 60)}:{int(why.waited_seconds % 60):02}"
        yield f"Place {why.position}, waiting for {waited}. Skills needed: {in_words(why.needs)}."
    yield f"Rings first: {why.strategy}."


def _steps(why: WhyView, now: datetime, zone: tzinfo | None) -> Iterator[str]:
    for step in why.steps:
        left = f"in {since(now, step.at)}" if step.at > now else "now"
        yield f"{step.at.astimezone(zone):%H:%M:%S}  {left}: {step.what}"


def _operator(candidate: Candidate) -> Iterator[str]:
    """Return an operator's line: place or what stands in the way; what holds is only said of who may be rung."""
    failed = [said.words for said in candidate.rules if not said.passed]
    if candidate.place is not None:
        yield f"{candidate.place}. {candidate.name}: may be rung"
        return
    yield f"-  {candidate.name}: {'; '.join(failed) or 'is not rung by this queue'}"

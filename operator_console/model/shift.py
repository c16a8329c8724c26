"""Put the digest of a shift into words: one line for the desk, and the lines of its page. Pure."""

from collections.abc import Mapping
from datetime import datetime, tzinfo

import msgspec

from operator_console.model.clean import clean_message, clean_operator, clean_session, instant
from operator_console.model.wording import outcome_word, since, who
from server.wire.terms import Outcome, SessionId
from server.wire.views import Digest, SessionView


def clean_digest(digest: Digest) -> Digest:
    """Return a digest with harmless text."""
    return msgspec.structs.replace(
        digest,
        since=instant(digest.since),
        until=instant(digest.until),
        waiting=tuple(clean_session(one) for one in digest.waiting),
        follow_ups=tuple(clean_session(one) for one in digest.follow_ups),
        mentions=tuple(clean_message(one) for one in digest.mentions),
        on_duty=tuple(clean_operator(one) for one in digest.on_duty),
    )


def moment(at: datetime, now: datetime, zone: tzinfo | None) -> str:
    """Return an instant as people say it: the time today, with the day otherwise."""
    there, here = at.astimezone(zone), now.astimezone(zone)
    return f"{there:%H:%M}" if there.date() == here.date() else f"{there:%a %d %b %H:%M}"


def counts(outcomes: Mapping[Outcome, int]) -> str:
    """Return how sessions ended, the most frequent first; empty when none did."""
    ordered = sorted(outcomes.items(), key=lambda one: (-one[1], one[0]))
    return ", ".join(f"{count} {outcome_word(outcome)}" for outcome, count in ordered if count)


def summary(digest: Digest, zone: tzinfo | None) -> str:
    """Return the digest in one line."""
    late = f" ({digest.late_count} late)" if digest.late_count else ""
    parts = [f"{digest.waiting_count} waiting{late}"]
    parts += [f"{len(digest.mentions)} @you"] if digest.mentions else []
    plural = "s" if len(digest.follow_ups) > 1 else ""
    parts += [f"{len(digest.follow_ups)} follow-up{plural}"] if digest.follow_ups else []
    parts += [counts(digest.outcomes)] if any(digest.outcomes.values()) else []
    return f"Since {moment(digest.since, digest.until, zone)}: {' · '.join(parts)}."


def pages(
    digest: Digest, zone: tzinfo | None, numbers: Mapping[SessionId, str] | None = None
) -> list[tuple[str, list[str]]]:
    """Return the chapters of the digest: a title and its lines each; empty chapters say so."""
    now = digest.until
    known = {one.id: one.number for one in (*digest.waiting, *digest.follow_ups)} | dict(numbers or {})

    def row(one: SessionView) -> str:
        about = one.context.topic or one.reason
        return f"{one.number}  {since(one.queued_at, now):>7}  {who(one.customer)}  {one.medium.value}  {about}"

    def note_row(at: datetime, name: str, session_id: SessionId | None, text: str) -> str:
        number = known.get(session_id, "") if session_id else ""
        return " ".join(filter(None, (moment(at, now, zone), number, f"{name or 'somebody'}:", text)))

    more = digest.waiting_count - len(digest.waiting)
    return [
        ("Waiting now", [*map(row, digest.waiting), *([f"and {more} more"] if more > 0 else [])] or ["nobody"]),
        (
            "Notes that name you",
            [note_row(one.at, one.author_name, one.session_id, " ".join(one.text.split())) for one in digest.mentions]
            or ["none"],
        ),
        (
            "Still to be done",
            [f"{one.number}  {who(one.customer)}: {' '.join(one.follow_up.split())}" for one in digest.follow_ups]
            or ["nothing"],
        ),
        ("Closed", [counts(digest.outcomes) or "nothing"]),
        ("On duty", [", ".join(one.name for one in digest.on_duty) or "nobody"]),
    ]

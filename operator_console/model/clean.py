"""Pass all text from outside through `server.wire.sanitize` once more before it can reach this terminal.

The broker did so already; a console does not trust that (another version, another broker, a bug).
"""

import operator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, TypeVar, cast

import msgspec

from server.wire.errors import ErrorBody
from server.wire.history import QueueView
from server.wire.sanitize import clean_line, clean_text
from server.wire.translation import TranslationView
from server.wire.views import Context, Customer, DeskPolicy, FileView, MessageView, OperatorView, SessionView
from server.wire.wall import QueueFigures, WallView

if TYPE_CHECKING:  # what cleans views alone loads no commands and no frames
    from operator_console.model.inputs import AudioProblem

V = TypeVar("V", bound=msgspec.Struct)

LINE_CELLS: Final = 200
"""Names, numbers, reasons: one line of at most this many cells."""
TEXT_CHARS: Final = 20_000
"""What one turn may say: as much as `server.wire.requests.LongText` lets in."""
TEXT_LINES: Final = 1_000
COURSE_TURNS: Final = 64
LIST_ITEMS: Final = 32
MOST_QUEUES: Final = 500
PHONEBOOK_ENTRIES: Final = 1_000


def line(text: str) -> str:
    """Return a text as one harmless line."""
    return clean_line(text, LINE_CELLS)


def text(value: str) -> str:
    """Return a text as harmless lines."""
    return clean_text(value, TEXT_CHARS, TEXT_LINES)


def instant(value: datetime) -> datetime:
    """Return an instant as aware UTC; one without a zone is taken as UTC."""
    return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)


def clean_wall(wall: WallView) -> WallView:
    """Return the figures of the queues with harmless names and instants."""
    return msgspec.structs.replace(
        wall,
        at=instant(wall.at),
        since=instant(wall.since),
        total=_clean_figures(wall.total),
        queues=tuple(map(_clean_figures, wall.queues[:MOST_QUEUES])),
    )


def _clean_figures(queue: QueueFigures) -> QueueFigures:
    return msgspec.structs.replace(queue, name=line(queue.name), waiting_since=_some_instant(queue.waiting_since))


def clean_message(message: MessageView) -> MessageView:
    """Return a turn with harmless text."""
    return _kept(
        message,
        text=text(message.text),
        author_name=line(message.author_name),
        failure=line(message.failure),
        at=instant(message.at),
        files=tuple(clean_file(file) for file in message.files[:LIST_ITEMS]),
        edited_at=_some_instant(message.edited_at),
        deleted_at=_some_instant(message.deleted_at),
        translation=clean_translation(message.translation) if message.translation is not None else None,
    )


def clean_translation(view: TranslationView) -> TranslationView:
    """Return what stands beside a turn with harmless text."""
    return _kept(
        view, text=text(view.text), language=line(view.language), source=line(view.source), failure=line(view.failure)
    )


def clean_file(file: FileView) -> FileView:
    """Return what is known of a file, with a harmless name that is no path."""
    name = line(file.name).replace("/", "_").replace("\\", "_").lstrip(".")
    return msgspec.structs.replace(
        file, name=name or "file", media_type=line(file.media_type), url=clean_line(file.url, 2_000)
    )


def clean_operator(operator: OperatorView) -> OperatorView:
    """Return a person of the roster with harmless text."""
    return msgspec.structs.replace(
        operator,
        name=line(operator.name),
        reason=line(operator.reason),
        since=instant(operator.since),
        pending_reason=line(operator.pending_reason),
        break_asked_at=_some_instant(operator.break_asked_at),
        break_reason=line(operator.break_reason),
        break_answer=line(operator.break_answer),
    )


def clean_policy(policy: DeskPolicy) -> DeskPolicy:
    """Return the desk's rules about people with harmless text."""
    reasons = tuple(line(reason) for reason in policy.away_reasons[:LIST_ITEMS])
    return DeskPolicy(
        away_reasons=tuple(filter(None, reasons)),
        max_on_break=max(policy.max_on_break, 0),
        phonebook=tuple(
            msgspec.structs.replace(one, name=line(one.name), address=line(one.address))
            for one in policy.phonebook[:PHONEBOOK_ENTRIES]
        ),
    )


def clean_customer(customer: Customer) -> Customer:
    """Return a customer with harmless text."""
    return _kept(customer, name=line(customer.name), handle=line(customer.handle), channel=line(customer.channel))


def clean_context(context: Context) -> Context:
    """Return a context package with harmless text and bounded lists."""
    return _kept(
        context,
        summary=clean_text(context.summary, 2_000, 20),
        mood=_kept(context.mood, course=context.mood.course[-COURSE_TURNS:]),
        facts=tuple(_kept(fact, name=line(fact.name), value=line(fact.value)) for fact in context.facts[:LIST_ITEMS]),
        tried=tuple(line(step) for step in context.tried[:LIST_ITEMS]),
        next_actions=tuple(
            _kept(step, label=line(step.label), say=text(step.say)) for step in context.next_actions[:LIST_ITEMS]
        ),
        summary_status=line(context.summary_status),
        topic=line(context.topic),
        language=line(context.language),
        signs=tuple(
            _kept(sign, name=line(sign.name), reason=line(sign.reason), span=line(sign.span))
            for sign in context.signs[:LIST_ITEMS]
        ),
    )


def clean_session(session: SessionView) -> SessionView:
    """Return a session with harmless text; its last turns too."""
    return _kept(
        session,
        number=line(session.number),
        queue=line(session.queue),
        reason=line(session.reason),
        customer=clean_customer(session.customer),
        context=clean_context(session.context),
        follow_up=clean_text(session.follow_up, 2_000, 20),
        disposition=line(session.disposition),
        note=clean_text(session.note, TEXT_CHARS, TEXT_LINES),
        recording_failure=line(session.recording_failure),
        score_comment=line(session.score_comment),
        language=line(session.language),
        acknowledged_by=line(session.acknowledged_by),
        last_turns=tuple(clean_message(turn) for turn in session.last_turns),
        requested_at=instant(session.requested_at),
        queued_at=instant(session.queued_at),
        promise_at=_some_instant(session.promise_at),
        offer_expires_at=_some_instant(session.offer_expires_at),
        also_rings=tuple(_kept(one, expires_at=instant(one.expires_at)) for one in session.also_rings),
        accepted_at=_some_instant(session.accepted_at),
        active_at=_some_instant(session.active_at),
        operator_lost_at=_some_instant(session.operator_lost_at),
        follow_up_at=_some_instant(session.follow_up_at),
        follow_up_done_at=_some_instant(session.follow_up_done_at),
        tickets=tuple(
            _kept(one, system=line(one.system), reference=line(one.reference), id=line(one.id), url=line(one.url))
            for one in session.tickets
        ),
        transfers=tuple(
            _kept(one, to=line(one.to), address=line(one.address), reason=line(one.reason)) for one in session.transfers
        ),
        wrap_up_until=_some_instant(session.wrap_up_until),
        ended_at=_some_instant(session.ended_at),
        closed_at=_some_instant(session.closed_at),
    )


def _kept(known: V, **cleaned: object) -> V:
    """Return a view with these fields cleaned: the very one that came, where that changed nothing.

    Nearly always it changes nothing, and a copy of each of ten thousand sessions would stay in memory as holes.
    """
    changed = {name: value for name, value in cleaned.items() if not _same(value, getattr(known, name))}
    return msgspec.structs.replace(known, **changed) if changed else known


def _same(cleaned: object, known: object) -> bool:
    """Tell whether a field came out as it went in; an instant that is equal in another zone did not."""
    if isinstance(cleaned, tuple) and isinstance(known, tuple):
        mine, theirs = cast("tuple[object, ...]", cleaned), cast("tuple[object, ...]", known)
        return len(mine) == len(theirs) and all(map(operator.is_, mine, theirs))
    return cleaned is known or (isinstance(cleaned, str) and cleaned == known)


def _some_instant(value: datetime | None) -> datetime | None:
    return None if value is None else instant(value)


def clean_queue(queue: QueueView) -> QueueView:
    """Return what is configured of a queue, with harmless text."""
    return QueueView(
        name=line(queue.name),
        dispositions=tuple(line(one) for one in queue.dispositions[:LIST_ITEMS]),
        disposition_required=queue.disposition_required,
    )


def clean_error(error: ErrorBody | None) -> ErrorBody:
    """Return a refusal with harmless text; one without a body says so."""
    if error is None:
        return ErrorBody("refused", "The broker refused this without saying why.", "Try again.")
    return ErrorBody(
        line(error.code),
        line(error.message),
        line(error.hint),
        {line(key): line(value) for key, value in list(error.details.items())[:LIST_ITEMS]},
    )


def clean_problem(problem: "AudioProblem") -> "AudioProblem":
    """Return a problem with sound, with harmless text (device names come from outside)."""
    return msgspec.structs.replace(
        problem, code=line(problem.code), message=line(problem.message), remedy=line(problem.remedy)
    )

"""Turn the model and one input into the next model: the only way the desk changes.

Pure: no clock, no network, no screen. Applying a snapshot twice, or an event twice, changes nothing the second time.
"""

from datetime import datetime, timedelta
from typing import assert_never

from msgspec.structs import replace

from operator_console.model.channels import with_alarms
from operator_console.model.clean import (
    clean_error,
    clean_operator,
    clean_policy,
    clean_problem,
    clean_queue,
    clean_session,
    clean_wall,
    instant,
    line,
)
from operator_console.model.drafts import reply_key
from operator_console.model.ghosts import with_ghosts
from operator_console.model.inputs import (
    ALERT_SILENT,
    AlertSpeaker,
    Answered,
    AudioProblem,
    CallerPressed,
    Connected,
    DeskEvent,
    Disconnected,
    Drafted,
    FileMoved,
    Filtered,
    HeadsetEvent,
    HeadsetPhase,
    HeadsetState,
    Input,
    Levels,
    LineStats,
    MicFilters,
    MuteWished,
    Noticed,
    Rendered,
    Selected,
    Sent,
    Sorted,
    Stale,
    Tick,
    Tone,
    TourLeft,
    TranscriptLoaded,
)
from operator_console.model.ledger import Ledger, looked, notified
from operator_console.model.listing import LATE, Sort
from operator_console.model.select import (
    MINE,
    filtered,
    group_ids,
    listed_key,
    my_call,
    order_key,
    row_of,
    visible_keys,
)
from operator_console.model.state import DeskModel, HeadsetView, Link, LinkState, Pending
from operator_console.model.tour import after_input
from operator_console.model.translations import after_writing, rendered
from operator_console.model.turns import Turns
from server.wire.commands import Accept, Mute, Say
from server.wire.events import (
    ApproveDecided,
    AssistAnswered,
    ConversationChanged,
    ConversationReturned,
    Event,
    MessageAdded,
    MessageChanged,
    OperatorChanged,
    SessionEvent,
)
from server.wire.frames import Alarms, Batch, CustomerTyping, Ghosts, Goodbye, Snapshot, Wall
from server.wire.terms import SessionState

MOST_PRESSED = 16
"""How many of the caller's keys are shown, the newest ones."""
SKEW_NOTICED = timedelta(seconds=1)
"""A clock difference smaller than this is taken for delay of the network and left as it was."""


def update(model: DeskModel, event: Input) -> DeskModel:
    """Return the desk after `event`."""
    after = _after(model, event)
    if after.tour is None or after is model:
        return after
    tour = after_input(after.tour, model, after)
    return replace(after, tour=tour) if tour is not after.tour else after


def _after(model: DeskModel, event: Input) -> DeskModel:
    if isinstance(
        event, Snapshot | Batch | CustomerTyping | Ghosts | Alarms | Wall | Goodbye | Connected | Stale | Disconnected
    ):
        return _after_desk_event(model, event)
    if isinstance(event, HeadsetState | Levels | LineStats | AudioProblem | CallerPressed | MicFilters | AlertSpeaker):
        return _after_headset_event(model, event)
    if isinstance(event, Sent | Answered | TranscriptLoaded):
        return _after_exchange(model, event)
    if isinstance(event, FileMoved):
        return replace(model, moving=event.moving)
    if isinstance(event, Rendered | TourLeft):
        return rendered(model, event) if isinstance(event, Rendered) else replace(model, tour=None)
    return _after_hand(model, event)


def _after_desk_event(model: DeskModel, event: DeskEvent) -> DeskModel:
    match event:
        case Snapshot():
            return _after_snapshot(model, event)
        case Batch():
            return _after_batch(model, event)
        case CustomerTyping():
            ledger = Ledger(model)
            ledger.set_typing(event.conversation_id, on=event.on)
            return ledger.finish()
        case Ghosts() | Alarms() | Wall():
            return _after_aside(model, event)
        case Goodbye():
            error = clean_error(event.error)
            model = replace(model, link=replace(model.link, reason=error.message, retry=event.retry))
            return notified(model, (f"{error.message} {error.hint}".strip(), Tone.WARNING))
        case Connected() | Stale() | Disconnected():
            return _after_link_change(model, event)
        case _:
            assert_never(event)


def _after_aside(model: DeskModel, event: Ghosts | Alarms | Wall) -> DeskModel:
    """Take what is kept nowhere and comes anew whenever it changes."""
    if isinstance(event, Alarms):
        return with_alarms(model, event)
    return with_ghosts(model, event) if isinstance(event, Ghosts) else replace(model, wall=clean_wall(event.wall))


def _after_link_change(model: DeskModel, event: Connected | Stale | Disconnected) -> DeskModel:
    match event:
        case Connected():
            lost = model.link.state is LinkState.LOST
            rtt_ms = model.link.rtt_ms if event.rtt_ms is None else event.rtt_ms
            model = replace(model, link=Link(LinkState.LIVE, rtt_ms, view_only=event.view_only))
            return notified(model, ("Connected again.", Tone.INFO)) if lost and model.boot else model
        case Stale():
            link = replace(model.link, state=LinkState.STALE, since=instant(event.since))
            return replace(model, link=link)
        case Disconnected():
            since = model.link.since or model.now
            link = replace(model.link, state=LinkState.LOST, since=since, reason=line(event.reason), retry=event.retry)
            return replace(model, link=link, typing=frozenset(), ghosts={})
        case _:
            assert_never(event)


def _after_snapshot(model: DeskModel, frame: Snapshot) -> DeskModel:
    """Replace what the broker owns; keep what is the operator's (drafts, cursor, filter, unanswered commands)."""
    sessions = {session.id: clean_session(session) for session in frame.sessions}
    open_sessions = [session for session in sessions.values() if session.state is not SessionState.CLOSED]
    turns = {
        session.conversation_id: replace(model.turns.get(session.conversation_id, Turns()), loaded=False).with_turns(
            session.last_turns
        )
        for session in open_sessions
    }
    fresh = replace(
        _in_time(model, frame),
        boot=frame.boot,
        version=line(frame.version),
        seq=frame.seq,
        resync_wanted=False,
        me=frame.me,
        sessions={session.id: session for session in open_sessions},
        order=tuple(sorted(order_key(session, frame.me) for session in open_sessions)),
        operators={operator.id: clean_operator(operator) for operator in frame.operators},
        policy=clean_policy(frame.policy),
        queues={queue.name: clean_queue(queue) for queue in frame.queues},
        turns=turns,
        seen={conversation: at for conversation, at in model.seen.items() if conversation in turns},
        mentions={conversation: count for conversation, count in model.mentions.items() if conversation in turns},
        typing=frozenset(),
        alarms=(),
    )
    ledger = Ledger(_sorted(fresh, model.sort))
    for note in frame.mentions:
        ledger.put_message(note)
    after = ledger.finish()
    call = my_call(model)
    if call is not None and call.id not in group_ids(after, MINE):
        return notified(after, (f"{call.number} is no longer yours.", Tone.WARNING))
    return after


def _after_batch(model: DeskModel, frame: Batch) -> DeskModel:
    """Apply the events that are new; a hole before the first one is told as `resync_wanted`."""
    if not model.boot or frame.first > model.seq + 1:
        return replace(model, resync_wanted=True)
    if frame.last <= model.seq:
        return model
    ledger = Ledger(_in_time(model, frame))
    for event in frame.events:
        if event.seq > model.seq:
            _enter(ledger, event)
    return replace(ledger.finish(), seq=frame.last)


def _enter(ledger: Ledger, event: Event) -> None:
    match event:
        case SessionEvent():
            ledger.put_session(event.session)
        case MessageAdded() | MessageChanged():
            ledger.put_message(event.message)
        case OperatorChanged():
            ledger.put_operator(event.operator)
        case ConversationChanged() | ConversationReturned() | AssistAnswered() | ApproveDecided():
            pass  # who owns a conversation is seen by its session; the human stretch is for assistants
        case _:
            assert_never(event)


def _in_time(model: DeskModel, frame: Snapshot | Batch) -> DeskModel:
    skew = instant(frame.now) - model.local_now
    return replace(model, skew=skew) if abs(skew - model.skew) > SKEW_NOTICED else model


def _after_headset_event(model: DeskModel, event: HeadsetEvent) -> DeskModel:
    headset = model.headset
    match event:
        case HeadsetState():
            headset = _headset_after_state(headset, event)
        case Levels():
            headset = replace(headset, own=_unit(event.own), far=_unit(event.far))
        case LineStats():
            headset = replace(
                headset,
                delay_ms=event.delay_ms,
                loss_percent=event.loss_percent,
                far_silent_ms=event.far_silent_ms,
                far_holds=event.far_holds,
            )
        case CallerPressed():
            headset = replace(headset, pressed=(headset.pressed + line(event.digit)[:1])[-MOST_PRESSED:])
        case AlertSpeaker():
            headset = replace(headset, has_alert_speaker=event.chosen)
        case MicFilters():
            headset = replace(headset, filters=event)
        case AudioProblem():
            return _after_problem(model, clean_problem(event))
        case _:
            assert_never(event)
    return replace(model, headset=headset)


def _after_problem(model: DeskModel, problem: AudioProblem) -> DeskModel:
    """Tell a problem; one of the alert speaker is none of the call's."""
    headset = model.headset
    if problem.code == ALERT_SILENT:
        headset = replace(headset, alerts_failed=headset.alerts_failed + 1)
    else:
        headset = replace(headset, problem=problem)
    told = f"{problem.message} {problem.remedy}".strip()
    return notified(replace(model, headset=headset), (told, Tone.WARNING))


def _headset_after_state(headset: HeadsetView, event: HeadsetState) -> HeadsetView:
    named = replace(
        headset,
        phase=event.phase,
        device=line(event.device) or headset.device,
        file_audio=event.file_audio,
        gone=line(event.gone),
        reason=line(event.reason),
    )
    if event.phase is HeadsetPhase.LIVE:
        return replace(named, problem=None)
    if event.phase is HeadsetPhase.CLOSED:
        quiet = replace(named, own=0.0, far=0.0, delay_ms=None, loss_percent=0.0, far_silent_ms=0, pressed="")
        return replace(quiet, far_holds=False)
    another = event.phase is HeadsetPhase.CONNECTING and headset.phase is not HeadsetPhase.RECONNECTING
    return replace(named, own=0.0, far=0.0, pressed="" if another else named.pressed)


def _unit(level: float) -> float:
    return level if 0.0 <= level <= 1.0 else float(level > 1.0)


def _after_exchange(model: DeskModel, event: Sent | Answered | TranscriptLoaded) -> DeskModel:
    match event:
        case Sent():
            return replace(model, pending={**model.pending, event.command.id: Pending(event.command, model.now)})
        case Answered():
            return _after_answer(model, event)
        case TranscriptLoaded():
            ledger = Ledger(model)
            ledger.load_turns(event.conversation_id, event.messages)
            return ledger.finish()
        case _:
            assert_never(event)


def _after_answer(model: DeskModel, event: Answered) -> DeskModel:
    pending = {id_: waiting for id_, waiting in model.pending.items() if id_ != event.command.id}
    model = replace(model, pending=pending)
    reply = event.reply
    if not reply.ok:
        return _after_refusal(model, event)
    ledger = Ledger(model)
    if reply.session is not None:
        ledger.settle_session(reply.session)
    if reply.message is not None:
        ledger.put_message(reply.message)
    return ledger.finish()


def _after_refusal(model: DeskModel, event: Answered) -> DeskModel:
    """Say why; give an unsent reply back to its box; never unmute because a refusal came."""
    error = clean_error(event.reply.error)
    command = event.command
    if isinstance(command, Mute) and not command.on:
        model = replace(model, mute_wish=None)
    if isinstance(command, Accept):
        session = model.sessions.get(command.session_id)
        number = f"{session.number}: " if session else ""
        return notified(model, (f"{number}{error.message} {error.hint}".strip(), Tone.WARNING))
    if isinstance(command, Say):
        model = _with_text_back(model, command)
        return notified(model, (f"Not sent: {error.message} Your text is back in the box.", Tone.ERROR))
    return notified(model, (f"{error.message} {error.hint}".strip(), Tone.WARNING))


def _with_text_back(model: DeskModel, command: Say) -> DeskModel:
    session = model.sessions.get(command.session_id)
    if session is None:
        return model
    key = reply_key(session.conversation_id)
    newer = model.drafts.get(key, "")
    return replace(model, drafts={**model.drafts, key: f"{command.written or command.text} {newer}".rstrip()})


def _after_hand(
    model: DeskModel, event: Tick | Selected | Sorted | Filtered | Drafted | MuteWished | Noticed
) -> DeskModel:
    match event:
        case Tick():
            after = replace(model, local_now=event.now)
            return filtered(after) if LATE in model.filter and _second(after) != _second(model) else after
        case Selected() | Sorted() | Filtered():
            return _after_look(model, event)
        case Drafted():
            model = after_writing(model, event.key, event.text)
            drafts = {key: text for key, text in model.drafts.items() if key != event.key}
            return replace(model, drafts={**drafts, event.key: event.text} if event.text else drafts)
        case MuteWished():
            return replace(model, mute_wish=event.on)
        case Noticed():
            return notified(model, (line(event.text), event.tone))
        case _:
            assert_never(event)


def _after_look(model: DeskModel, event: Selected | Sorted | Filtered) -> DeskModel:
    match event:
        case Selected():
            known = event.session_id if event.session_id in model.sessions else None
            return looked(replace(model, selected=known))
        case Sorted():
            return _sorted(model, event.sort)
        case Filtered():
            return _after_filter(filtered(replace(model, filter=line(event.text).strip())))
        case _:
            assert_never(event)


def _sorted(model: DeskModel, sort: Sort) -> DeskModel:
    """Return the model with its list in another order."""
    shown = (model.sessions[key[-1]] for key in model.order) if sort is not Sort.PROMISE else ()
    listed = tuple(sorted(listed_key(one, model.me, sort) for one in shown))
    return filtered(replace(model, sort=sort, listed=listed))


def _second(model: DeskModel) -> datetime:
    return model.now.replace(microsecond=0)


def _after_filter(model: DeskModel) -> DeskModel:
    """Return the model with the cursor on a row that the filter shows."""
    keys = visible_keys(model)
    if not keys or row_of(model, model.selected) is not None:
        return model
    return looked(replace(model, selected=keys[0][-1]))

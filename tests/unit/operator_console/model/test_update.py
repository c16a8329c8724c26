"""The desk changes by events alone: in order, once, and never by what is older than what is known."""

from datetime import timedelta

import msgspec
import pytest
from msgspec.structs import replace

from operator_console.model import select
from operator_console.model.drafts import reply_key, unsent
from operator_console.model.inputs import (
    Answered,
    AudioProblem,
    Connected,
    Disconnected,
    Drafted,
    Filtered,
    HeadsetPhase,
    HeadsetState,
    Levels,
    LineStats,
    MuteWished,
    Noticed,
    Selected,
    Sent,
    Stale,
    Tick,
    Tone,
    TranscriptLoaded,
)
from operator_console.model.state import DeskModel, LinkState
from operator_console.model.update import update
from operator_console.model.wants import HeadsetWant, TurnsWant, wants
from server.wire.commands import Accept, Mute, Say
from server.wire.errors import ErrorBody
from server.wire.events import (
    ConversationChanged,
    ConversationReturned,
    Event,
    MessageAdded,
    MessageChanged,
    SessionActive,
    SessionClosed,
    SessionOffered,
    SessionQueued,
    SessionUpdated,
    SessionWrapUp,
)
from server.wire.frames import Batch, CustomerTyping, Goodbye, Reply, Snapshot
from server.wire.terms import (
    Author,
    ConversationId,
    Delivery,
    Medium,
    Outcome,
    Party,
    Presence,
    SessionId,
    SessionState,
)
from server.wire.views import ConversationView, Customer
from tests.fakes.console_data import (
    ME,
    MIA,
    NOW,
    ago,
    busy,
    live_call,
    live_chat,
    operator,
    session,
    snapshot,
    talk,
    turn,
)

pytestmark = pytest.mark.unit


def desk(first: Snapshot) -> DeskModel:
    model = update(DeskModel(), Tick(NOW))
    return update(update(model, Connected(20.0)), first)


def batch(*events: Event, first: int | None = None) -> Batch:
    last = max(event.seq for event in events)
    return Batch(first=first or min(event.seq for event in events), last=last, now=NOW, events=events)


def test_a_snapshot_is_the_whole_desk() -> None:
    model = desk(snapshot(*busy()))
    assert len(model.sessions) == 6
    assert model.me == ME
    assert model.seq == 10
    assert model.selected == SessionId("s42")


def test_a_session_event_replaces_the_session() -> None:
    model = desk(snapshot(session(1)))
    changed = session(1, version=2, reason="is furious now")
    model = update(model, batch(SessionUpdated(seq=11, at=NOW, session=changed)))
    assert model.sessions[SessionId("s1")].reason == "is furious now"
    assert model.seq == 11


def test_an_older_version_of_a_session_changes_nothing() -> None:
    model = desk(snapshot(session(1, version=5)))
    model = update(model, batch(SessionUpdated(seq=11, at=NOW, session=session(1, version=4, reason="old"))))
    assert model.sessions[SessionId("s1")].reason != "old"


def test_a_closed_session_leaves_the_list_with_its_turns() -> None:
    model = desk(snapshot(session(1, last_turns=talk(1)), session(2)))
    model = update(
        model, batch(SessionClosed(seq=11, at=NOW, session=session(1, version=2, state=SessionState.CLOSED)))
    )
    assert set(model.sessions) == {SessionId("s2")}
    assert [key[-1] for key in model.order] == [SessionId("s2")]
    assert ConversationId("c1") not in model.turns


def test_a_batch_after_a_hole_is_not_applied_and_asks_for_a_snapshot() -> None:
    before = desk(snapshot(session(1)))
    after = update(before, batch(SessionQueued(seq=13, at=NOW, session=session(2))))
    assert after.resync_wanted
    assert wants(after).resync
    assert after.seq == before.seq
    assert after.sessions == before.sessions
    assert not update(after, snapshot(session(1), session(2), seq=13)).resync_wanted


def test_a_batch_of_numbers_without_events_for_us_is_no_hole() -> None:
    model = update(desk(snapshot()), Batch(first=11, last=19, now=NOW))
    model = update(model, batch(SessionQueued(seq=20, at=NOW, session=session(2))))
    assert not model.resync_wanted
    assert SessionId("s2") in model.sessions


def test_a_batch_that_overlaps_what_is_known_applies_its_new_part() -> None:
    model = desk(snapshot(session(1)))
    events = (
        SessionUpdated(seq=10, at=NOW, session=session(1, version=9, reason="was known")),
        SessionQueued(seq=11, at=NOW, session=session(2)),
    )
    model = update(model, Batch(first=9, last=11, now=NOW, events=events))
    assert model.sessions[SessionId("s1")].reason != "was known"
    assert SessionId("s2") in model.sessions


def test_events_about_who_owns_a_conversation_change_nothing_on_the_desk() -> None:
    model = desk(snapshot(session(1)))
    conversation = ConversationView(id=ConversationId("c1"), medium=Medium.CHAT, customer=Customer(), created_at=NOW)
    after = update(
        model,
        batch(
            ConversationChanged(seq=11, at=NOW, conversation=conversation),
            ConversationReturned(seq=12, at=NOW, conversation=conversation, session=session(1)),
        ),
    )
    assert replace(after, seq=10) == model


def test_turns_are_kept_in_order_whatever_order_they_come_in() -> None:
    model = desk(snapshot(session(1)))
    turns = talk(1, 6)
    model = update(model, batch(MessageAdded(seq=11, at=NOW, message=turns[4])))
    model = update(model, TranscriptLoaded(ConversationId("c1"), (turns[2], turns[0], turns[1], turns[3])))
    model = update(model, batch(MessageAdded(seq=12, at=NOW, message=turns[5])))
    assert model.turns[ConversationId("c1")].messages == turns
    assert model.turns[ConversationId("c1")].whole


def test_a_changed_turn_takes_the_place_of_the_old_one() -> None:
    model = desk(snapshot(live_chat()))
    sent = turn(44, 1, Author.OPERATOR, "Hello", delivery=Delivery.SENT, operator_id=ME)
    model = update(model, batch(MessageAdded(seq=11, at=NOW, message=sent)))
    read = msgspec.structs.replace(sent, delivery=Delivery.READ)
    model = update(model, batch(MessageChanged(seq=12, at=NOW, message=read)))
    assert model.turns[ConversationId("c44")].messages == (read,)


def test_a_hole_in_the_turns_is_asked_for() -> None:
    model = desk(snapshot(session(1)))
    assert wants(model).turns == TurnsWant(ConversationId("c1"), 0)
    model = update(model, TranscriptLoaded(ConversationId("c1"), talk(1, 3)))
    assert wants(model).turns is None
    model = update(model, batch(MessageAdded(seq=11, at=NOW, message=talk(1, 6)[5])))
    assert wants(model).turns == TurnsWant(ConversationId("c1"), 3)


def test_a_snapshot_after_a_lost_connection_asks_for_the_turns_again() -> None:
    model = update(desk(snapshot(session(1))), TranscriptLoaded(ConversationId("c1"), talk(1, 3)))
    model = update(model, snapshot(session(1), seq=40))
    assert model.turns[ConversationId("c1")].messages == talk(1, 3)
    assert wants(model).turns == TurnsWant(ConversationId("c1"), 0)


def test_the_cursor_stays_on_its_session_when_the_order_changes() -> None:
    model = update(desk(snapshot(session(1), session(2), session(3))), Selected(SessionId("s2")))
    urgent = session(9, promise_at=ago(900), queued_at=ago(900))
    model = update(model, batch(SessionQueued(seq=11, at=NOW, session=urgent)))
    assert model.order[0][-1] == SessionId("s9")
    assert model.selected == SessionId("s2")


def test_the_cursor_goes_to_the_next_row_when_its_session_is_gone() -> None:
    model = desk(snapshot(session(1), session(2), session(3)))
    order = [key[-1] for key in model.order]
    model = update(model, Selected(order[1]))
    gone = model.sessions[order[1]]
    closed = msgspec.structs.replace(gone, version=2, state=SessionState.CLOSED)
    model = update(model, batch(SessionClosed(seq=11, at=NOW, session=closed)))
    assert model.selected == order[2]


def test_a_customer_who_leaves_while_i_accept_is_told_to_me() -> None:
    model = desk(snapshot(session(1)))
    model = update(model, Sent(Accept(id="order-0001", session_id=SessionId("s1"), epoch=1)))
    left = session(1, version=2, state=SessionState.CLOSED, outcome=Outcome.ABANDONED, ended_by=Party.CUSTOMER)
    model = update(model, batch(SessionClosed(seq=11, at=NOW, session=left)))
    assert model.notice is not None
    assert "left while you were accepting" in model.notice.text


def test_a_late_accept_reply_does_not_bring_a_closed_session_back() -> None:
    model = desk(snapshot(session(1)))
    order = Accept(id="order-0001", session_id=SessionId("s1"), epoch=1)
    model = update(model, Sent(order))
    closed = session(1, version=3, state=SessionState.CLOSED, outcome=Outcome.ABANDONED)
    model = update(model, batch(SessionClosed(seq=11, at=NOW, session=closed)))
    mine = session(1, version=2, state=SessionState.CONNECTING, operator_id=ME)
    model = update(model, Answered(order, Reply(id=order.id, ok=True, session=mine)))
    assert not model.sessions
    assert not model.pending


def test_an_event_older_than_a_closing_reply_does_not_revive_the_session() -> None:
    model = desk(snapshot(live_call()))
    order = Accept(id="order-0001", session_id=SessionId("s42"), epoch=2)
    closed = live_call(version=8, state=SessionState.CLOSED, outcome=Outcome.ENDED, ended_by=Party.OPERATOR)
    model = update(model, Answered(order, Reply(id=order.id, ok=True, session=closed)))
    assert model.order == ()
    model = update(
        model, batch(SessionWrapUp(seq=11, at=NOW, session=live_call(version=7, state=SessionState.WRAP_UP)))
    )
    assert model.order == ()
    model = update(model, batch(SessionClosed(seq=12, at=NOW, session=closed)))
    assert not model.sessions


def test_a_session_that_someone_else_gets_is_told_to_who_asked_for_it() -> None:
    model = desk(snapshot(session(1)))
    model = update(model, Sent(Accept(id="order-0001", session_id=SessionId("s1"), epoch=1)))
    taken = session(1, version=2, state=SessionState.ACTIVE, operator_id=MIA)
    model = update(model, batch(SessionActive(seq=11, at=NOW, session=taken)))
    assert model.notice is not None
    assert "taken by someone else" in model.notice.text


def test_a_refused_accept_says_why() -> None:
    model = desk(snapshot(session(1)))
    order = Accept(id="order-0001", session_id=SessionId("s1"), epoch=1)
    refusal = Reply(id=order.id, ok=False, error=ErrorBody("already_taken", "Mia has it.", "Take the next one."))
    model = update(update(model, Sent(order)), Answered(order, refusal))
    assert model.notice is not None
    assert model.notice.text == "H-0001: Mia has it. Take the next one."
    assert model.pending == {}


def test_a_reply_that_was_not_sent_is_back_in_its_box_before_what_was_written_since() -> None:
    model = desk(snapshot(live_chat()))
    order = Say(id="order-0001", session_id=SessionId("s44"), epoch=2, text="Hello Ines.")
    key = reply_key(ConversationId("c44"))
    model = update(update(model, Sent(order)), Drafted(key, "And"))
    assert unsent(model) == {key: "Hello Ines. And"}
    refusal = Reply(id=order.id, ok=False, error=ErrorBody("connection_lost", "No answer came.", ""))
    model = update(model, Answered(order, refusal))
    assert model.drafts == {key: "Hello Ines. And"}
    assert model.notice is not None
    assert model.notice.tone is Tone.ERROR


def test_a_confirmed_reply_is_no_longer_unsent() -> None:
    model = desk(snapshot(live_chat()))
    order = Say(id="order-0001", session_id=SessionId("s44"), epoch=2, text="Hello Ines.")
    said = turn(44, 1, Author.OPERATOR, "Hello Ines.", operator_id=ME)
    model = update(update(model, Sent(order)), Answered(order, Reply(id=order.id, ok=True, message=said)))
    assert unsent(model) == {}
    assert model.turns[ConversationId("c44")].messages == (said,)


def test_what_is_new_rings_once_and_only_on_duty() -> None:
    on = desk(snapshot())
    queued = batch(SessionQueued(seq=11, at=NOW, session=session(1)))
    assert update(on, queued).rings == 1
    assert update(update(on, queued), batch(SessionUpdated(seq=12, at=NOW, session=session(1, version=2)))).rings == 1
    off = desk(snapshot(operators=(operator(presence=Presence.OFFLINE),)))
    assert update(off, queued).rings == 0


def test_an_offer_to_me_rings_and_one_to_another_does_not() -> None:
    model = desk(snapshot(session(1)))
    to_mia = session(1, version=2, state=SessionState.OFFERED, offered_to=MIA)
    model = update(model, batch(SessionOffered(seq=11, at=NOW, session=to_mia)))
    assert model.rings == 0
    to_me = session(1, version=3, state=SessionState.OFFERED, offered_to=ME)
    model = update(model, batch(SessionOffered(seq=12, at=NOW, session=to_me)))
    assert model.rings == 1


def test_a_call_that_the_caller_ends_says_so_and_closes_the_headset() -> None:
    model = desk(snapshot(live_call()))
    assert wants(model).headset == HeadsetWant(SessionId("s42"), 2, muted=False)
    over = live_call(version=6, state=SessionState.WRAP_UP, outcome=Outcome.ENDED, ended_by=Party.CUSTOMER)
    model = update(model, batch(SessionWrapUp(seq=11, at=NOW, session=over)))
    assert wants(model).headset is None
    assert model.notice is not None
    assert "the customer hung up" in model.notice.text


def test_a_call_put_back_into_the_queue_closes_the_headset_and_is_told() -> None:
    model = desk(snapshot(live_call()))
    again = live_call(version=6, epoch=3, state=SessionState.QUEUED, operator_id=None)
    model = update(model, batch(SessionQueued(seq=11, at=NOW, session=again)))
    assert wants(model).headset is None
    assert model.notice is not None
    assert "back in the queue at its place" in model.notice.text


def test_a_call_lost_while_disconnected_is_told() -> None:
    model = update(desk(snapshot(live_call())), Disconnected("gone"))
    model = update(update(model, Connected(9.0)), snapshot(session(2), seq=50))
    assert model.notice is not None
    assert model.notice.text == "H-0042 is no longer yours."


def test_no_audio_is_wanted_while_an_accept_is_under_way_since_its_reply_brings_the_grant() -> None:
    model = desk(snapshot(session(1)))
    model = update(model, Sent(Accept(id="order-0001", session_id=SessionId("s1"), epoch=1)))
    mine = session(1, version=2, epoch=2, state=SessionState.CONNECTING, operator_id=ME)
    model = update(model, batch(SessionUpdated(seq=11, at=NOW, session=mine)))
    assert wants(model).headset is None


def test_a_view_only_console_wants_no_audio() -> None:
    model = update(desk(snapshot(live_call())), Connected(9.0, view_only=True))
    assert wants(model).headset is None


def test_a_mute_wish_holds_until_the_broker_says_the_same() -> None:
    model = update(desk(snapshot(live_call())), MuteWished(on=True))
    assert wants(model).headset == HeadsetWant(SessionId("s42"), 2, muted=True)
    model = update(model, batch(SessionUpdated(seq=11, at=NOW, session=live_call(version=6, follow_up="x"))))
    assert select.muted(model, model.sessions[SessionId("s42")])
    model = update(model, batch(SessionUpdated(seq=12, at=NOW, session=live_call(version=7, muted=True))))
    assert model.mute_wish is None
    assert select.muted(model, model.sessions[SessionId("s42")])


def test_a_refused_mute_stays_silent_here_and_a_refused_unmute_too() -> None:
    refusal = Reply(id="order-0001", ok=False, error=ErrorBody("busy", "Not now.", ""))
    quiet = update(desk(snapshot(live_call())), MuteWished(on=True))
    on = Mute(id="order-0001", session_id=SessionId("s42"), epoch=2, on=True)
    quiet = update(quiet, Answered(on, refusal))
    assert select.muted(quiet, quiet.sessions[SessionId("s42")])
    muted = update(desk(snapshot(live_call(muted=True))), MuteWished(on=False))
    off = Mute(id="order-0001", session_id=SessionId("s42"), epoch=2, on=False)
    muted = update(muted, Answered(off, refusal))
    assert select.muted(muted, muted.sessions[SessionId("s42")])


def test_the_link_goes_from_connected_to_stale_to_lost_and_back() -> None:
    model = desk(snapshot(session(1)))
    model = update(model, Stale(ago(3)))
    assert (model.link.state, model.link.since) == (LinkState.STALE, ago(3))
    model = update(model, Disconnected("refused"))
    assert (model.link.state, model.link.since, model.link.reason) == (LinkState.LOST, ago(3), "refused")
    model = update(model, Connected(8.0))
    assert (model.link.state, model.link.rtt_ms, model.link.since) == (LinkState.LIVE, 8.0, None)
    assert model.notice is not None
    assert model.notice.text == "Connected again."


def test_a_goodbye_is_told_in_the_brokers_words() -> None:
    model = update(desk(snapshot()), Goodbye(error=ErrorBody("restart", "The broker restarts.", "Wait."), retry=True))
    assert model.notice is not None
    assert model.notice.text == "The broker restarts. Wait."


def test_typing_is_shown_until_the_turn_comes() -> None:
    model = update(desk(snapshot(live_chat())), CustomerTyping(conversation_id=ConversationId("c44"), on=True))
    assert ConversationId("c44") in model.typing
    model = update(model, batch(MessageAdded(seq=11, at=NOW, message=turn(44, 1, Author.CUSTOMER, "Hi"))))
    assert not model.typing
    unknown = update(model, CustomerTyping(conversation_id=ConversationId("nowhere"), on=True))
    assert not unknown.typing


def test_the_brokers_clock_decides_what_time_it_is() -> None:
    model = update(DeskModel(), Tick(NOW - timedelta(minutes=7)))
    model = update(model, snapshot(session(1)))
    assert model.now == NOW
    model = update(model, Tick(NOW - timedelta(minutes=7) + timedelta(seconds=1)))
    assert model.now == NOW + timedelta(seconds=1)


def test_the_headset_is_shown_as_it_says() -> None:
    lost = desk(snapshot(live_call(operator_lost_at=NOW)))
    assert select.call_word(lost) is select.CallWord.SILENT
    model = desk(snapshot(live_call()))
    assert select.call_word(model) is select.CallWord.ELSEWHERE
    model = update(model, HeadsetState(HeadsetPhase.CONNECTING))
    assert select.call_word(model) is select.CallWord.CONNECTING
    model = update(model, HeadsetState(HeadsetPhase.LIVE, device="USB"))
    model = update(update(model, Levels(0.5, 7.0)), LineStats(30.0, 1.5, 10))
    assert select.call_word(model) is select.CallWord.LIVE
    assert (model.headset.own, model.headset.far, model.headset.delay_ms) == (0.5, 1.0, 30.0)
    model = update(model, AudioProblem("device_lost", "The headset is gone.", "Plug it in."))
    assert model.headset.problem is not None
    model = update(model, HeadsetState(HeadsetPhase.RECONNECTING))
    assert select.call_word(model) is select.CallWord.RECONNECTING
    assert model.headset.own == 0.0
    model = update(model, HeadsetState(HeadsetPhase.LIVE))
    assert model.headset.problem is None
    assert model.headset.device == "USB"


def test_a_filter_puts_the_cursor_on_a_row_it_shows() -> None:
    model = update(desk(snapshot(*busy())), Filtered("INES chat"))
    assert select.visible_order(model) == (SessionId("s44"),)
    assert model.selected == SessionId("s44")
    assert len(select.visible_order(update(model, Filtered("")))) == 6


def test_a_notice_has_a_new_number_each_time() -> None:
    model = update(update(desk(snapshot()), Noticed("one")), Noticed("one"))
    assert model.notice is not None
    assert model.notice.serial == 2

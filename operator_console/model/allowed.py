"""Say for each action why it can't be done now; None means that it can. The key table shows the answer."""

from collections.abc import Callable

from operator_console.model.inputs import HeadsetPhase
from operator_console.model.keys import key_of
from operator_console.model.select import (
    MINE,
    accept_pending,
    anyone_needs_me,
    call_elsewhere,
    files_of,
    group_ids,
    is_mine,
    is_pending,
    is_talking,
    is_waiting,
    my_call,
    my_wrap_up,
    oldest_past_promise,
    operator_me,
    other_chat,
    said_last,
    selected_session,
    to_send_again,
)
from operator_console.model.state import DeskModel, LinkState
from operator_console.model.team import asking, supervises
from operator_console.model.wording import name_of, names_of
from server.wire.commands import (
    BackToAssistant,
    End,
    FinishWrapUp,
    Hold,
    PauseRecording,
    Requeue,
    Resolve,
    SayAgain,
    SessionOrder,
)
from server.wire.terms import Medium, Presence, Recording, Role, SessionId, SessionState
from server.wire.views import SessionView

Reason = Callable[[DeskModel], str | None]
"""Gives the sentence that says why not, or None."""

ELSEWHERE = "Your other console has this call; this one only looks on. o takes it over here."
NO_SESSION = "This needs one of your own sessions: accept one with a, or select it."


def always(_model: DeskModel) -> str | None:
    """Nothing stands in the way."""
    return None


def may_send(model: DeskModel) -> str | None:
    """Orders need a broker that answers, and a person who may give them."""
    if model.link.view_only:
        return "View only: this console gives no orders."
    if not model.boot:
        return "Not connected yet."
    if model.link.state is LinkState.LOST:
        return "The broker is not reachable: nothing can be sent until it is back."
    person = operator_me(model)
    if person is not None and person.role is Role.VIEWER:
        return "Your role is viewer: you may look, not act."
    return None


def target(model: DeskModel) -> SessionView | None:
    """Return the session that call and ending keys act on: the selected one if it is mine, else my call."""
    selected = selected_session(model)
    if selected is not None and is_mine(selected, model.me) and not is_waiting(selected):
        return selected
    return my_call(model) or my_wrap_up(model)


def _talk(model: DeskModel, *orders: type[SessionOrder]) -> str | None:
    """Need a conversation of mine that is live, and none of `orders` under way for it."""
    blocked = may_send(model)
    if blocked:
        return blocked
    session = target(model)
    if session is None:
        return NO_SESSION
    if session.medium is Medium.VOICE and call_elsewhere(model):
        return ELSEWHERE
    if session.state is SessionState.WRAP_UP:
        return f"{session.number} is over already: {key_of(model.keys, 'after.resolve', 'r')} finishes the wrap-up."
    for order in orders:
        if is_pending(model, order, session.id):
            return f"Already asked for {session.number}: waiting for the broker."
    return None


def may_take(model: DeskModel, session_id: SessionId | None) -> str | None:
    """Say why a session can't be accepted."""
    blocked = may_send(model)
    if blocked:
        return blocked
    asked = accept_pending(model)
    if asked is not None:
        number = model.sessions[asked].number if asked in model.sessions else "a session"
        return f"Already accepting {number}: waiting for the broker."
    session = model.sessions.get(session_id) if session_id else None
    if session is None:
        return "Select a session first." if model.order else "Nothing waits."
    taken = _taken(model, session)
    call = my_call(model)
    if taken is None and call is not None and session.medium is Medium.VOICE:
        return f"You are in a call ({call.number}): end it or give it back first."
    return taken


def _taken(model: DeskModel, session: SessionView) -> str | None:
    """Say who or what holds a session that does not wait for me."""
    if session.state is SessionState.SCREENING:
        return f"{session.number} is still being screened."
    if session.state is SessionState.OFFERED and not session.rings_at(model.me):
        return f"{session.number} rings at {names_of(model, session.rung())}."
    if is_waiting(session) or session.state is SessionState.ASKED:
        return None
    if is_mine(session, model.me):
        return f"You have {session.number} already."
    return f"{session.number} is with {name_of(model, session.operator_id)}."


def accept(model: DeskModel) -> str | None:
    """Accept the selected session."""
    return may_take(model, model.selected)


def accept_oldest(model: DeskModel) -> str | None:
    """Accept the one whose promise has been broken the longest."""
    oldest = oldest_past_promise(model)
    return may_take(model, oldest) if oldest else may_send(model) or "Nothing is past its promise."


def next_one(model: DeskModel) -> str | None:
    """Go to the next session that needs me."""
    return None if anyone_needs_me(model) else "Nothing needs you now."


def decline(model: DeskModel) -> str | None:
    """Let an offer pass."""
    blocked = may_send(model)
    if blocked:
        return blocked
    session = selected_session(model)
    if session is None or session.state is not SessionState.OFFERED or not session.rings_at(model.me):
        return "This session is not offered to you."
    return None


def mute(model: DeskModel) -> str | None:
    """Mute or unmute; also without a broker, since the console itself stops sending."""
    if model.link.view_only:
        return "View only: this console has no microphone open."
    if call_elsewhere(model):
        return ELSEWHERE
    return None if my_call(model) else "You are in no call: there is nothing to mute."


def hold(model: DeskModel) -> str | None:
    """Hold the call, or go on."""
    blocked = may_send(model)
    if blocked:
        return blocked
    call = my_call(model)
    if call is None:
        return "You are in no call: there is nothing to hold."
    if call_elsewhere(model):
        return ELSEWHERE
    if call.state is SessionState.CONNECTING:
        return f"{call.number} is still connecting."
    return "Already asked: waiting for the broker." if is_pending(model, Hold, call.id) else None


def press_keys(model: DeskModel) -> str | None:
    """Press keys on the caller's line."""
    blocked = may_send(model)
    if blocked:
        return blocked
    call = my_call(model)
    if call is None:
        return "You are in no call: there is no line to press keys on."
    if call.state is not SessionState.ACTIVE:
        return f"{call.number} is {call.state.replace('_', ' ')}: the caller would not hear the keys."
    return None


def record(model: DeskModel) -> str | None:
    """Pause the recording of the call, or go on with it."""
    blocked = _my_talk(model)
    call = my_call(model)
    if blocked or call is None:
        return blocked
    if call.recording is Recording.OFF and not call.recording_failure:
        return f"{call.number} is not recorded (consent {call.consent})."
    return "Already asked: waiting for the broker." if is_pending(model, PauseRecording, call.id) else None


def consent(model: DeskModel) -> str | None:
    """Write down what the customer said about being recorded."""
    return _my_talk(model)


def _my_talk(model: DeskModel) -> str | None:
    """Need a call of mine that is under way."""
    return may_send(model) or (None if my_call(model) else "You are in no call.")


def take_audio(model: DeskModel) -> str | None:
    """Open the call's audio here."""
    blocked = may_send(model)
    if blocked:
        return blocked
    if my_call(model) is None:
        return "You are in no call."
    return "The audio is open here already." if model.headset.phase is HeadsetPhase.LIVE else None


def end(model: DeskModel) -> str | None:
    """Hang up, or close a chat."""
    return _talk(model, End, Resolve, BackToAssistant, Requeue)


def back(model: DeskModel) -> str | None:
    """Give the conversation back to the assistant."""
    return _talk(model, End, Resolve, BackToAssistant, Requeue)


def requeue(model: DeskModel) -> str | None:
    """Put the session back into a queue."""
    return _talk(model, End, Resolve, BackToAssistant, Requeue)


def resolve(model: DeskModel) -> str | None:
    """Resolve, or finish the wrap-up."""
    session = target(model)
    if session is not None and session.state is SessionState.WRAP_UP:
        pending = is_pending(model, FinishWrapUp, session.id)
        return may_send(model) or ("Already finishing." if pending else None)
    return _talk(model, End, Resolve, BackToAssistant, Requeue)


def follow_up(model: DeskModel) -> str | None:
    """Say what is still to be done, during the talk or the wrap-up."""
    return may_send(model) or (None if target(model) else NO_SESSION)


def reply(model: DeskModel) -> str | None:
    """Write to the customer."""
    blocked = may_send(model)
    if blocked:
        return blocked
    session = selected_session(model)
    if session is None:
        return "Select a chat first."
    if session.medium is Medium.VOICE:
        return f"{session.number} is a call: speak. {key_of(model.keys, 'note.write', 'N')} writes a note."
    if is_mine(session, model.me) and is_talking(session):
        return None
    if is_waiting(session):
        return f"{session.number} waits: accept it first with {key_of(model.keys, 'call.accept', 'a')}."
    return f"{session.number} is not your chat."


def say_again(model: DeskModel) -> str | None:
    """Send a message again that failed or may not have arrived."""
    session = selected_session(model)
    blocked = reply(model)
    if blocked or session is None:
        return blocked
    if is_pending(model, SayAgain, session.id):
        return "Already sending it again: waiting for the broker."
    return None if to_send_again(model, session) else "No message here failed, and none has an unknown outcome."


def change_last(model: DeskModel) -> str | None:
    """Change or take back my own last message; the broker knows whether there is still time."""
    session = selected_session(model)
    blocked = reply(model)
    if blocked or session is None:
        return blocked
    return None if said_last(model, session) else "You have not said anything here that could be changed."


def look_at_files(model: DeskModel) -> str | None:
    """Look at the files of the selected conversation."""
    if model.link.view_only:
        return "View only: this console saves no files."
    session = selected_session(model)
    if session is None:
        return "Select a session first."
    return None if files_of(model, session) else "No files were sent in this conversation."


def cancel_file(model: DeskModel) -> str | None:
    """Stop the file that is on its way."""
    return None if model.moving else "No file is on its way."


def leave_tour(model: DeskModel) -> str | None:
    """Leave the tour."""
    return None if model.tour else "No tour is on: operator-console tour starts one."


def next_chat(model: DeskModel) -> str | None:
    """Go to another chat of mine."""
    return None if other_chat(model, 1) else "You have no other chat in hand."


def suggest(model: DeskModel) -> str | None:
    """Put the next suggested reply into the box."""
    blocked = reply(model)
    if blocked:
        return blocked
    session = selected_session(model)
    has_text = session is not None and any(step.say for step in session.context.next_actions)
    return None if has_text else "The AI suggested no text for this one."


STEPS = range(1, 7)
"""The next steps of a card that have a key."""


def step_id(number: int) -> str:
    """Return the id of the action that takes a next step of the card."""
    return f"card.step_{number}"


def step(number: int) -> Reason:
    """Return the rule for taking a next step of the card."""

    def why_not(model: DeskModel) -> str | None:
        session = selected_session(model)
        if session is None:
            return "Select a session first."
        return None if number <= len(session.context.next_actions) else f"The card has no next step {number}."

    return why_not


def copy_facts(model: DeskModel) -> str | None:
    """Copy the facts of the card."""
    session = selected_session(model)
    if session is None:
        return "Select a session first."
    return None if session.context.facts else "The card has no facts to copy."


def note(model: DeskModel) -> str | None:
    """Write an internal note on the selected session."""
    return may_send(model) or (None if selected_session(model) else "Select a session first.")


def open_it(model: DeskModel) -> str | None:
    """Accept the selected session, or write in it when it is my chat."""
    return None if reply(model) is None else accept(model)


def hand_over(model: DeskModel) -> str | None:
    """Hand all chats on."""
    mine = (model.sessions[id_] for id_ in group_ids(model, MINE))
    if any(one.medium is Medium.CHAT and is_talking(one) for one in mine):
        return may_send(model)
    return may_send(model) or "You have no chat in hand."


def ask_break(model: DeskModel) -> str | None:
    """Ask for a break."""
    blocked = may_send(model)
    person = operator_me(model)
    if blocked or person is None:
        return blocked
    if person.presence is not Presence.AVAILABLE:
        return "You are not on duty: you need no break."
    return "You have asked already: a supervisor decides." if person.break_asked_at is not None else None


def keep_presence(model: DeskModel) -> str | None:
    """Cancel what takes effect after the work in hand."""
    blocked = may_send(model)
    person = operator_me(model)
    if blocked or person is None:
        return blocked
    return "Nothing is to change after your work." if person.pending_presence is None else None


def decide_break(model: DeskModel) -> str | None:
    """Grant or deny the request for a break that has waited the longest."""
    blocked = may_send(model)
    if blocked:
        return blocked
    if not supervises(model):
        return "Only a supervisor decides on breaks."
    return None if asking(model) else "Nobody asks for a break."

"""Say what the outside should be like for this model: which audio leg, which turns, a snapshot or not.

The screen compares this with what it has and acts on the difference; so a restart needs no special case.
"""

import msgspec

from operator_console.model.inputs import HeadsetPhase
from operator_console.model.select import is_pending, muted, my_call, selected_session
from operator_console.model.state import DeskModel, LinkState
from operator_console.model.supervising import AUDIBLE, my_supervised
from operator_console.model.turns import Turns
from server.wire.commands import Accept, Supervise, TakeOver
from server.wire.terms import ConversationId, SessionId, Supervision


class HeadsetWant(msgspec.Struct, frozen=True):
    """The leg that should be open: of which session and epoch, and whether it sends silence.

    `lost`: the broker has no leg of mine for this call, here or elsewhere.
    `renewable`: another grant can be had by asking; a supervisor's comes with the order to supervise and never again.
    """

    session_id: SessionId
    epoch: int
    muted: bool
    lost: bool = False
    renewable: bool = True


class TurnsWant(msgspec.Struct, frozen=True):
    """The turns that are missing on the screen."""

    conversation_id: ConversationId
    after_position: int


class Wants(msgspec.Struct, frozen=True):
    """All wishes of a model."""

    headset: HeadsetWant | None = None
    turns: TurnsWant | None = None
    resync: bool = False


def wants(model: DeskModel) -> Wants:
    """Return what this model asks of the outside."""
    return Wants(headset=_headset(model), turns=_turns(model), resync=model.resync_wanted)


def _headset(model: DeskModel) -> HeadsetWant | None:
    call = my_call(model)
    if model.link.view_only:
        return None
    if call is None:
        return _supervisors_headset(model)
    if is_pending(model, Accept, call.id) or is_pending(model, TakeOver, call.id):
        return None
    return HeadsetWant(call.id, call.epoch, muted(model, call), call.operator_lost_at is not None)


def _supervisors_headset(model: DeskModel) -> HeadsetWant | None:
    """Return the leg of a call that I hear as a supervisor; until the order is answered only one that is open."""
    session = my_supervised(model)
    if session is None or session.supervision not in AUDIBLE:
        return None
    if model.headset.phase is HeadsetPhase.CLOSED and is_pending(model, Supervise, session.id):
        return None
    silent = session.supervision is Supervision.LISTEN
    return HeadsetWant(session.id, session.epoch, muted=silent, renewable=False)


def _turns(model: DeskModel) -> TurnsWant | None:
    session = selected_session(model)
    if session is None or model.link.state is not LinkState.LIVE:
        return None
    known = model.turns.get(session.conversation_id, Turns())
    if known.loaded and known.whole:
        return None
    return TurnsWant(session.conversation_id, known.missing_after() if known.loaded else 0)

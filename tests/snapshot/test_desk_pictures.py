"""The main states of the desk, drawn at the two sizes that matter; look at them after every change of the screen."""

from datetime import timedelta

import msgspec
import pytest
from msgspec.structs import replace
from textual.pilot import Pilot
from textual.widgets import Input

from operator_console.audio.messages import TestResult
from operator_console.audio.microphone_test import judge, no_sound_card
from operator_console.audio.problems import NO_DEVICE_REMEDY, PORTAUDIO_REMEDY, permission_remedy
from operator_console.model.inputs import (
    AudioProblem,
    CallerPressed,
    Disconnected,
    HeadsetPhase,
    HeadsetState,
    Levels,
    LineStats,
    MicFilters,
    Stale,
)
from operator_console.tui.ports import MicVerdict
from server.wire.calling import Transfer
from server.wire.events import MessageAdded
from server.wire.frames import Batch, Ghost, Ghosts, Snapshot, Wall
from server.wire.history import QueueView
from server.wire.terms import (
    Author,
    Consent,
    ConversationId,
    Delivery,
    Dial,
    FileId,
    LegId,
    Medium,
    OperatorId,
    Outcome,
    Party,
    Presence,
    Recording,
    Role,
    SessionId,
    SessionState,
    Supervision,
    TransferKind,
    TransferStage,
)
from server.wire.views import DeskPolicy, Digest, FileView, Page, PhonebookEntry
from server.wire.wall import QueueFigures, WallView
from tests.fakes.console_data import (
    BILLING,
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
from tests.fakes.consults import proposal, question
from tests.fakes.desk import FakeDesk
from tests.fakes.desk_app import settled
from tests.fakes.headset import FakeHeadset
from tests.fakes.stage import SIZES, Deed, SnapCompare, Stage, drawn, keys
from tests.unit.operator_console.model.test_why import explanation

pytestmark = pytest.mark.snapshot

JOE = OperatorId("op-joe")


async def _levels(pilot: Pilot[int], _desk: FakeDesk, headset: FakeHeadset) -> None:
    headset.play(Levels(0.7, 0.4), LineStats(41.0, 0.0, 0))
    await settled(pilot)


async def _steps(pilot: Pilot[int], desk: FakeDesk, headset: FakeHeadset) -> None:
    await _levels(pilot, desk, headset)
    await pilot.press("t")


async def _muted(pilot: Pilot[int], desk: FakeDesk, headset: FakeHeadset) -> None:
    await _levels(pilot, desk, headset)
    await pilot.press("m")


async def _write(pilot: Pilot[int], _desk: FakeDesk, _headset: FakeHeadset) -> None:
    await pilot.press("i", *"Let me look")


async def _named(_pilot: Pilot[int], desk: FakeDesk, _headset: FakeHeadset) -> None:
    note = turn(44, 9, Author.NOTE, "@Sam, refund her at once. @Mia", operator_id=MIA, author_name="Mia")
    other = turn(43, 1, Author.NOTE, "@Sam please take this one", operator_id=MIA, author_name="Mia")
    added = (MessageAdded(seq=11, at=NOW, message=note), MessageAdded(seq=12, at=NOW, message=other))
    desk.play(Batch(first=11, last=12, now=NOW, events=added))


async def _deliveries(_pilot: Pilot[int], desk: FakeDesk, _headset: FakeHeadset) -> None:
    file = FileView(id=FileId("f_1"), name="label.pdf", media_type="application/pdf", size=48_200)
    states = (Delivery.READ, Delivery.DELIVERED, Delivery.SENT, Delivery.FAILED, Delivery.UNKNOWN, Delivery.PENDING)
    said = [
        turn(44, 10 + n, Author.OPERATOR, f"Message {n}", operator_id=ME, delivery=state, version=1)
        for n, state in enumerate(states)
    ]
    said += [
        turn(44, 16, Author.CUSTOMER, "My order is 88121", edited_at=NOW, version=1),
        turn(44, 17, Author.CUSTOMER, "", deleted_at=NOW, version=1),
        turn(44, 18, Author.CUSTOMER, "", files=(file,)),
        turn(44, 19, Author.OPERATOR, "Message 4", operator_id=ME, again_of=said[4].id, delivery=Delivery.PENDING),
    ]
    told = tuple(MessageAdded(seq=11 + n, at=NOW, message=one) for n, one in enumerate(said))
    desk.play(Batch(first=11, last=10 + len(told), now=NOW, events=told))


async def _stale(_pilot: Pilot[int], desk: FakeDesk, _headset: FakeHeadset) -> None:
    desk.play(Stale(ago(4)))


async def _lost(_pilot: Pilot[int], desk: FakeDesk, _headset: FakeHeadset) -> None:
    desk.play(Stale(ago(12)), Disconnected("connection refused"))


async def _test_microphone(pilot: Pilot[int], _desk: FakeDesk, headset: FakeHeadset) -> None:
    headset.verdict = replace(
        headset.verdict,
        ok=False,
        level=0.0004,
        peak=0.001,
        message="The microphone gives no sound.",
        remedy="Check the switch on the cable, or choose another device above.",
    )
    await pilot.press("s")
    await settled(pilot)
    headset.play(Levels(0.45, 0.0))
    await pilot.press("t")


def _mic_page(verdict: MicVerdict) -> Deed:
    async def test(pilot: Pilot[int], _desk: FakeDesk, headset: FakeHeadset) -> None:
        headset.verdict = verdict
        await pilot.press("s")
        await settled(pilot)
        await pilot.press("t")

    return test


def _verdict(result: TestResult) -> MicVerdict:
    return MicVerdict(ok=False, level=result.rms, peak=result.peak, message=result.message, remedy=result.remedy)


async def _mic_gone(pilot: Pilot[int], desk: FakeDesk, headset: FakeHeadset) -> None:
    await _levels(pilot, desk, headset)
    headset.play(
        HeadsetState(HeadsetPhase.LIVE, device="USB Headset", gone="microphone"),
        AudioProblem("device_lost", "The microphone USB Headset is gone; looking for it.", "Plug it in again."),
    )


async def _filters(pilot: Pilot[int], desk: FakeDesk, headset: FakeHeadset) -> None:
    await _levels(pilot, desk, headset)
    await pilot.press("s")
    await settled(pilot)
    await pilot.press("e", "n", "j", "j", "a")


async def _filtered(pilot: Pilot[int], desk: FakeDesk, headset: FakeHeadset) -> None:
    await _levels(pilot, desk, headset)
    headset.play(MicFilters(echo=True, noise=True))


async def _digest(pilot: Pilot[int], desk: FakeDesk, _headset: FakeHeadset) -> None:
    note = turn(42, 9, Author.NOTE, "@Sam she was promised a receipt by noon", operator_id=MIA, author_name="Mia")
    desk.shift = Digest(
        since=ago(50_000),
        until=NOW,
        waiting=busy()[:3],
        waiting_count=3,
        late_count=2,
        follow_ups=(session(30, state=SessionState.CLOSED, follow_up="ring the bank about order 88120"),),
        mentions=(msgspec.structs.replace(note, session_id=SessionId("s42")),),
        outcomes={Outcome.RESOLVED: 14, Outcome.RETURNED: 3, Outcome.ABANDONED: 1},
        on_duty=(operator(), operator(MIA, "Mia")),
    )
    await pilot.press("w")


async def _why(pilot: Pilot[int], desk: FakeDesk, _headset: FakeHeadset) -> None:
    desk.explanation = explanation()
    await pilot.press("Q")


async def _ghosts(_pilot: Pilot[int], desk: FakeDesk, _headset: FakeHeadset) -> None:
    desk.play(Ghosts(people=(Ghost(operator_id=MIA, session_id=SessionId("s42"), writing=True),), whole=True))


async def _other_console(_pilot: Pilot[int], _desk: FakeDesk, headset: FakeHeadset) -> None:
    headset.play(HeadsetState(HeadsetPhase.CLOSED, reason="replaced"))


async def _history(pilot: Pilot[int], desk: FakeDesk, _headset: FakeHeadset) -> None:
    ended = {"state": SessionState.CLOSED, "operator_id": ME, "active_at": ago(4000), "ended_at": ago(3700)}
    desk.transcripts[ConversationId("c30")] = talk(30)
    desk.pages[""] = Page(
        sessions=(
            session(
                30, **ended, closed_at=ago(3690), outcome=Outcome.RESOLVED, disposition="solved", note="Refunded 49.00."
            ),
            session(29, **ended, closed_at=ago(5000), outcome=Outcome.ENDED, ended_by=Party.CUSTOMER),
            session(28, state=SessionState.CLOSED, closed_at=ago(7000), outcome=Outcome.ABANDONED),
        )
    )
    await pilot.press("H")


async def _wall(pilot: Pilot[int], desk: FakeDesk, _headset: FakeHeadset) -> None:
    await pilot.press("W")
    await settled(pilot)
    billing = QueueFigures(
        name="billing",
        waiting=3,
        waiting_since=ago(312),
        in_hand=2,
        answered=41,
        abandoned=3,
        abandoned_short=1,
        service_level=0.83,
        service_level_2=0.79,
        average_answer_seconds=23.0,
        abandonment=3 / 44,
        scored=9,
        satisfaction=41 / 9,
    )
    total = msgspec.structs.replace(billing, name="", answered=60)
    legal = QueueFigures(name="legal")
    desk.play(Wall(wall=WallView(at=NOW, since=ago(45663), total=total, queues=(billing, legal))))
    await settled(pilot)
    await pilot.press("j")


async def _palette(pilot: Pilot[int], _desk: FakeDesk, _headset: FakeHeadset) -> None:
    await pilot.press("ctrl+p")
    await settled(pilot)
    assert not any(box.cursor_blink for box in pilot.app.screen.query(Input))
    await pilot.press(*"mute")
    await pilot.pause(0.5)


async def _pressed(pilot: Pilot[int], desk: FakeDesk, headset: FakeHeadset) -> None:
    await _levels(pilot, desk, headset)
    headset.play(*(CallerPressed(digit) for digit in "4711"))


async def _one_way(pilot: Pilot[int], desk: FakeDesk, headset: FakeHeadset) -> None:
    await _levels(pilot, desk, headset)
    headset.play(Levels(0.4, 0.0), LineStats(delay_ms=41, loss_percent=12.5, far_silent_ms=4200))


CALL = snapshot(*busy(mine=(live_call(),)))
RECORDED = snapshot(*busy(mine=(live_call(recording=Recording.ON, consent=Consent.GIVEN),)))
LOST_RECORDING = snapshot(*busy(mine=(live_call(consent=Consent.GIVEN, recording_failure="the disk is full"),)))
CHAT = snapshot(*busy(mine=(live_chat(),)))
WRAP = snapshot(
    *busy(mine=(live_call(state=SessionState.WRAP_UP, ended_at=ago(5), wrap_up_until=NOW + timedelta(seconds=42)),))
)
WALL = snapshot(
    *busy(
        mine=(
            session(
                42,
                state=SessionState.ACTIVE,
                operator_id=MIA,
                active_at=ago(185),
                supervisor_id=ME,
                supervision=Supervision.LISTEN,
                context=BILLING,
            ),
            session(44, state=SessionState.WRAP_UP, operator_id=JOE, ended_at=ago(70), medium=Medium.CHAT),
        )
    ),
    operators=(
        operator(role=Role.SUPERVISOR),
        operator(MIA, "Mia"),
        operator(JOE, "Joe Brown", presence=Presence.AWAY, reason="lunch"),
    ),
)
TRANSFER = Transfer(
    id=LegId("x_1"),
    kind=TransferKind.WARM,
    to="Billing, second floor",
    address="+493012345678",
    began_at=ago(9),
    expires_at=NOW + timedelta(seconds=21),
    dial=Dial.RINGING,
)


def _with_transfer(stage: TransferStage) -> Snapshot:
    held = stage in {TransferStage.DIALLING, TransferStage.CONSULTING}
    state = SessionState.HELD if held else SessionState.ACTIVE
    return snapshot(*busy(mine=(live_call(state=state, transfers=(replace(TRANSFER, stage=stage),)),)))


PLACES = replace(
    CALL,
    operators=(
        operator(),
        operator(MIA, "Mia", sessions=(SessionId("s44"),)),
        operator(OperatorId("bo"), "Bo Lindqvist"),
    ),
    queues=(QueueView(name="billing"), QueueView(name="legal")),
    policy=DeskPolicy(
        phonebook=(
            PhonebookEntry(name="Billing, second floor", address="+493012345678"),
            PhonebookEntry(name="The boss", address="sip:boss@pbx.example.com", warm_only=True),
        )
    ),
)
ASKED = snapshot(question(), question(59, reason="Is the shop open on Monday?"))
PROPOSED = snapshot(proposal())
LISTENED = snapshot(*busy(mine=(live_call(supervisor_id=MIA, supervision=Supervision.LISTEN),)))
TEAM = msgspec.structs.replace(
    snapshot(
        live_call(),
        live_chat(operator_id=MIA),
        operators=(
            operator(role=Role.SUPERVISOR, sessions=(SessionId("s42"),)),
            operator(MIA, "Mia", sessions=(SessionId("s44"),), pending_presence=Presence.AWAY, pending_reason="lunch"),
            operator(OperatorId("bo"), "Bo Lindqvist", break_asked_at=ago(75), break_reason="doctor", since=ago(5400)),
            operator(OperatorId("yuki"), "田中 ゆき", presence=Presence.AWAY, reason="training", since=ago(600)),
            operator(OperatorId("max"), "Max", connected=False, since=ago(30)),
            operator(OperatorId("eve"), "Eve", presence=Presence.OFFLINE, connected=False, since=ago(86_400)),
        ),
    ),
    policy=DeskPolicy(away_reasons=("break", "lunch", "training"), max_on_break=3),
)
STAGES = {
    "empty": Stage(snapshot()),
    "busy": Stage(snapshot(*busy())),
    "live_call": Stage(CALL, _levels),
    "muted": Stage(CALL, _muted),
    "chat": Stage(CHAT, _write),
    "replies": Stage(CHAT, keys("i", "slash", "down")),
    "blank": Stage(CHAT, keys("i", *"/par", "tab", "enter")),
    "note_names": Stage(CHAT, keys("N", *"ask @")),
    "named": Stage(CHAT, _named),
    "deliveries": Stage(CHAT, _deliveries),
    "deliveries_light": Stage(CHAT, _deliveries, "desk-light"),
    "deliveries_contrast": Stage(CHAT, _deliveries, "desk-contrast"),
    "send_file": Stage(CHAT, keys("U")),
    "wrap_up": Stage(WRAP),
    "stale": Stage(snapshot(*busy()), _stale),
    "lost": Stage(snapshot(*busy()), _lost),
    "off_duty": Stage(snapshot(*busy(), operators=(operator(presence="offline"),))),
    "key_says_why": Stage(snapshot(*busy()), keys("m")),
    "help": Stage(CALL, keys("question_mark")),
    "end": Stage(CALL, keys("x")),
    "resolve": Stage(CALL, keys("r", "1")),
    "resolve_chat": Stage(CHAT, keys("r")),
    "duty": Stage(snapshot(*busy()), keys("d")),
    "back": Stage(CALL, keys("b")),
    "audio": Stage(snapshot(*busy()), _test_microphone),
    "mic_silent": Stage(snapshot(*busy()), _mic_page(_verdict(judge(bytes(32_000), "USB Headset")))),
    "mic_no_device": Stage(snapshot(*busy()), _mic_page(_verdict(no_sound_card(NO_DEVICE_REMEDY)))),
    "mic_no_portaudio": Stage(snapshot(*busy()), _mic_page(_verdict(no_sound_card(PORTAUDIO_REMEDY)))),
    "mic_no_permission": Stage(snapshot(*busy()), _mic_page(_verdict(no_sound_card(permission_remedy())))),
    "mic_gone": Stage(CALL, _mic_gone),
    "mic_gone_light": Stage(CALL, _mic_gone, "desk-light"),
    "mic_gone_contrast": Stage(CALL, _mic_gone, "desk-contrast"),
    "filters": Stage(CALL, _filters),
    "filtered": Stage(CALL, _filtered),
    "history": Stage(snapshot(*busy()), _history),
    "team": Stage(TEAM, keys("T")),
    "team_light": Stage(TEAM, keys("T"), "desk-light"),
    "team_contrast": Stage(TEAM, keys("T"), "desk-contrast"),
    "digest": Stage(snapshot(*busy()), _digest),
    "why": Stage(snapshot(*busy()), _why),
    "digest_light": Stage(snapshot(*busy()), _digest, "desk-light"),
    "digest_contrast": Stage(snapshot(*busy()), _digest, "desk-contrast"),
    "ghosts": Stage(snapshot(*busy()), _ghosts),
    "other_console": Stage(CALL, _other_console),
    "other_console_light": Stage(CALL, _other_console, "desk-light"),
    "other_console_contrast": Stage(CALL, _other_console, "desk-contrast"),
    "sorted_by_mood": Stage(snapshot(*busy()), keys("O", "O")),
    "filter": Stage(snapshot(*busy()), keys("F")),
    "question": Stage(ASKED, keys("g", "k", "q")),
    "proposal": Stage(PROPOSED, keys("g", "q")),
    "palette": Stage(CALL, _palette),
    "wall": Stage(WALL, _wall),
    "wall_light": Stage(WALL, _wall, "desk-light"),
    "wall_contrast": Stage(WALL, _wall, "desk-contrast"),
    "destination_found": Stage(PLACES, keys("t", *"bil")),
    "transfer_how": Stage(PLACES, keys("t", *"second", "enter")),
    "transfer_note": Stage(PLACES, keys("t", *"bo lind", "enter")),
    **{
        f"{name}{end}": Stage(shown, deed, theme)
        for end, theme in (("", "desk-dark"), ("_light", "desk-light"), ("_contrast", "desk-contrast"))
        for name, shown, deed in (
            ("destinations", PLACES, keys("t")),
            ("consult", _with_transfer(TransferStage.CONSULTING), _levels),
        )
    },
    "transfer_rings": Stage(_with_transfer(TransferStage.DIALLING), _levels),
    "transfer_merged": Stage(_with_transfer(TransferStage.MERGED), _levels),
    "transfer_steps": Stage(_with_transfer(TransferStage.CONSULTING), _steps),
    "listened_to": Stage(LISTENED, _levels),
    "recorded": Stage(RECORDED, _pressed),
    "recorded_light": Stage(RECORDED, _pressed, "desk-light"),
    "recorded_contrast": Stage(RECORDED, _pressed, "desk-contrast"),
    "recording_lost": Stage(LOST_RECORDING, _levels),
    "one_way": Stage(CALL, _one_way),
    "one_way_light": Stage(CALL, _one_way, "desk-light"),
    "one_way_contrast": Stage(CALL, _one_way, "desk-contrast"),
    "keypad": Stage(CALL, keys("K", "4", "2", "number_sign")),
    "consent": Stage(CALL, keys("C")),
    "light": Stage(CALL, _levels, "desk-light"),
    "contrast": Stage(CALL, _levels, "desk-contrast"),
    "terminal_colours": Stage(CALL, _levels, "desk-terminal"),
}


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("name", list(STAGES))
def test_the_desk_looks_as_before(name: str, size: tuple[int, int], snap_compare: SnapCompare) -> None:
    assert drawn(STAGES[name], size, snap_compare)


@pytest.mark.parametrize("size", [(20, 5), (49, 20), (60, 18), (200, 60)], ids=lambda size: f"{size[0]}x{size[1]}")
def test_every_size_of_terminal_shows_something_true(size: tuple[int, int], snap_compare: SnapCompare) -> None:
    assert drawn(STAGES["live_call"], size, snap_compare)


def test_without_colour_every_state_is_a_word(monkeypatch: pytest.MonkeyPatch, snap_compare: SnapCompare) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    assert drawn(STAGES["muted"], (80, 24), snap_compare)

"""Carry out who hears whom in one call: its legs, its plan, and the links between them.

`server.core.legs` decides; this object keeps the legs, asks it after every change, and moves the links. Before: a
plan from the broker, a leg that came or went, an operator's first audio. After: frames flow as the table says, and
the facts are told.
"""

from collections.abc import Callable
from typing import Final

from server.broker.ports.media import Admission, Bridged, CallPlan, CallState, Digit, Keys, MediaFact
from server.core.legs import HANDING_OVER, Hearing, OperatorLeg, Sound, hearing
from server.media.dialling import Dialling
from server.media.ears import Ears
from server.media.fences import fences, is_muted, operator_leg, state_of, supervision, talkers, target
from server.media.leg import Leg
from server.media.meter import Reading
from server.media.recorder import Recorder
from server.media.recording import Recording
from server.media.telling import tell_quality
from server.media.transcribing import SpeechProcess, Transcript
from server.media.voicemail import Voicemail
from server.media.waiting import play
from server.wire.media import MediaDtmf, MediaMute, MediaPhase
from server.wire.terms import CallPhase, ConversationId, LegId, LegRole

STALLED_SECONDS: Final = 10.0
"""A leg whose peer has not read for so long is gone."""

Tell = Callable[[MediaFact], None]
"""Where facts go."""


class Call:
    """One live call; all its changes are in this file."""

    def __init__(
        self,
        call_id: ConversationId,
        tell: Tell,
        recorder: Recorder | None = None,
        *,
        beeps: bool = True,
        speech: SpeechProcess | None = None,
    ) -> None:
        """Begin without legs, in the assistant's hands; facts go to `tell`, recordings to `recorder`."""
        self.call_id: Final = call_id
        self.legs: Final[dict[LegRole, Leg]] = {}
        self._tell: Final = tell
        self._plan = CallPlan(call_id=call_id, phase=CallPhase.ASSISTANT, epoch=0, muted=False, version=0)
        self._up_epoch: int | None = None
        self._hearing: Hearing = hearing(CallPhase.ASSISTANT, OperatorLeg.AWAITED, muted=False)
        self._ears: Final = Ears()
        self._bridged = False
        self._dialling: Final = Dialling()
        self.recording: Final = Recording(call_id, tell, recorder)
        self._transcript: Final = Transcript(call_id, tell, speech)
        self._voicemail: Final = Voicemail(call_id, tell, recorder)
        self._beeps: Final = beeps
        self._ticks = 0
        self._caller_left_at: float | None = None

    @property
    def ended(self) -> bool:
        """Whether the plan says the call is over."""
        return self._plan.phase is CallPhase.ENDED

    @property
    def needs_ticks(self) -> bool:
        """Whether somebody hears something the worker makes itself: keys, tone, silence, or several voices at once."""
        made = self._dialling.busy or self._hearing.made_for_caller is not None
        waits = self._hearing.made_for_target is not None and LegRole.TARGET in self.legs
        return (made and LegRole.CALLER in self.legs) or waits or self._ears.mixing

    def fences(self, admission: Admission) -> bool:
        """Tell whether the plan keeps this leg out."""
        return fences(self._plan, admission)

    def state(self) -> CallState:
        """Return what is held, for a broker that has just come back."""
        return state_of(self._plan, self.legs, bridged=self._bridged)

    def apply(self, plan: CallPlan, now: float) -> None:
        """Make the call what `plan` says; an older plan than the last is ignored."""
        if (plan.epoch, plan.version) < (self._plan.epoch, self._plan.version):
            return
        self._plan = plan
        for leg in [leg for leg in self.legs.values() if self.ended or self.fences(leg.admission)]:
            self.drop(leg, "ended" if self.ended else "fenced", clean=True)
        self._arrange(now)

    def join(self, leg: Leg, now: float) -> None:
        """Take a leg in; it replaces an older one of its role."""
        older = self.legs.get(leg.role)
        if older is not None:
            self.drop(older, "replaced", clean=True)
        self.legs[leg.role] = leg
        self._tell(leg.up())
        leg.voice.ready(leg.admission)
        if leg.muted:
            leg.voice.tell(MediaMute(on=True))
        if leg.role in {LegRole.CALLER, LegRole.ASSISTANT}:
            leg.voice.tell(MediaPhase(phase=self._hearing.talks_with))
        self._arrange(now)
        caller = self.legs.get(LegRole.CALLER)
        if leg.role is LegRole.OPERATOR and caller is not None:
            caller.repeat_to(leg, now)

    def leave(self, leg: Leg, reason: str, now: float, *, clean: bool) -> None:
        """Take note that a leg's socket is gone."""
        if self.legs.get(leg.role) is leg:
            self._forget(leg, reason, clean=clean)
            if leg.role is LegRole.CALLER:
                self._caller_left_at = now
            self._arrange(now)

    def drop(self, leg: Leg, reason: str, *, clean: bool) -> None:
        """Hang up on a leg; the caller of this arranges the rest anew."""
        self._forget(leg, reason, clean=clean)
        leg.voice.hang_up(reason)

    def first_audio(self, leg: Leg, now: float) -> None:
        """Give the caller to an operator whose audio has just begun; before its first frame is carried."""
        leg.has_spoken = True
        if leg.role is LegRole.OPERATOR:
            self._arrange(now)

    def mute(self, leg: Leg, now: float, *, on: bool) -> None:
        """Do what a leg says about itself, in order with its audio."""
        leg.muted = on
        self._arrange(now)
        leg.voice.tell(MediaMute(on=on))

    def digit(self, leg: Leg, digit: str) -> None:
        """Tell that the caller, or a target, pressed a key: the broker, and whoever hears the caller."""
        theirs = leg.admission.leg_id if leg.role is LegRole.TARGET else LegId("")
        if not theirs:
            self.recording.key()
            self._voicemail.digit(digit)
        self._tell(Digit(call_id=self.call_id, digit=digit, leg_id=theirs))
        for link in () if theirs else leg.links:
            link.listener.voice.tell(MediaDtmf(digit=digit))

    def dial(self, keys: Keys, now: float) -> None:
        """Press keys on the caller's line, by word or as tones; only while the operator they come from talks."""
        caller = self.legs.get(LegRole.CALLER)
        talking = self._hearing.talks_with is CallPhase.OPERATOR and keys.epoch == self._plan.epoch
        if caller is not None and talking:
            self._dialling.press(keys, caller)
            self._arrange(now)

    def tick(self, now: float) -> None:
        """Give everybody 20 ms of what the worker makes itself for them."""
        self._ears.tick()
        caller = self.legs.get(LegRole.CALLER)
        tone = self._dialling.next() if caller is not None else b""
        if caller is not None and tone:
            caller.voice.hear(tone)
            self._arrange(now)
        elif caller is not None and self._hearing.made_for_caller is Sound.PROMPT:
            self._say(caller)
        else:
            play(self._hearing.made_for_caller, caller, self._ticks, beeps=self._beeps)
        play(self._hearing.made_for_target, self.legs.get(LegRole.TARGET), self._ticks, beeps=self._beeps)
        self._ticks += 1

    def second(self, now: float) -> dict[LegRole, Reading]:
        """Once a second: tell our people how the audio is, and let go of peers that have stopped reading."""
        for leg in [leg for leg in self.legs.values() if leg.voice.stalled_seconds > STALLED_SECONDS]:
            self.drop(leg, "stalled", clean=False)
            self._arrange(now)
        if self._hearing is HANDING_OVER:
            self._arrange(now)  # the operator's first audio may be overdue
        self.recording.write(now)
        return tell_quality(self.legs, self._caller_left_at, now)

    def _say(self, caller: Leg) -> None:
        """Give the caller of a voicemail 20 ms, and listen as far as they are asked to speak."""
        caller.voice.hear(self._voicemail.frame(caller.rate))
        self._listen()

    def _forget(self, leg: Leg, reason: str, *, clean: bool) -> None:
        if leg.role is LegRole.CALLER and reason != "replaced":
            self._voicemail.gone()
        del self.legs[leg.role]
        leg.link_to({})
        self._tell(leg.down(reason, clean=clean))

    def _operator_leg(self, now: float) -> OperatorLeg:
        """Return how far the operator leg of the plan's epoch is, and remember when it is up."""
        known = self._plan.answered or self._up_epoch == self._plan.epoch
        stands = operator_leg(self._plan, self.legs.get(LegRole.OPERATOR), now, known=known)
        if stands is OperatorLeg.UP:
            self._up_epoch = self._plan.epoch
        return stands

    def _arrange(self, now: float) -> None:
        """Ask the table who hears whom now, and move the links; whatever did not change is left alone."""
        before = self._hearing
        self._hearing = hearing(
            self._plan.phase,
            self._operator_leg(now),
            muted=is_muted(self._plan, self.legs.get(LegRole.OPERATOR)),
            supervision=supervision(self._plan, self.legs.get(LegRole.SUPERVISOR)),
            target=target(self._plan, self.legs.get(LegRole.TARGET)),
        )
        if self._hearing.talks_with is not CallPhase.OPERATOR:
            self._dialling.stop()
        self._ears.lead(self.legs.values(), self._hears)
        if self._hearing.caller is not before.caller:
            self._hears_another(LegRole.CALLER, flush=before.caller is not Sound.SILENCE)
        if self._hearing.target is not before.target:
            self._hears_another(LegRole.TARGET, flush=before.target is not Sound.SILENCE)
        if self._hearing.talks_with is not before.talks_with:
            for role in (LegRole.CALLER, LegRole.ASSISTANT):
                if role in self.legs:
                    self.legs[role].voice.tell(MediaPhase(phase=self._hearing.talks_with))
        self._note_bridge()
        caller = self.legs.get(LegRole.CALLER)
        talking = self._hearing.talks_with is CallPhase.OPERATOR
        self.recording.follow(self._plan.record, caller, now, talking=talking)
        self._voicemail.follow(self._plan.voicemail, caller)
        self._listen()

    def _listen(self) -> None:
        """Have transcribed what is said to an operator, or left as a message."""
        message = self._voicemail.records
        heard = talkers(self._plan, self.legs, self._hearing, message=bool(message))
        self._transcript.follow(heard, self._plan.epoch, message)

    def _hears(self, leg: Leg) -> frozenset[LegRole]:
        """Return whose voices a leg hears; an operator leg of another epoch none, nor a caller who hears keys."""
        if leg.role is LegRole.CALLER and self._dialling.busy:
            return frozenset()
        if leg.role is LegRole.OPERATOR and leg.epoch != self._plan.epoch:
            return frozenset()
        return self._hearing.voices(leg.role)

    def _hears_another(self, role: LegRole, *, flush: bool) -> None:
        self._ticks = 0
        if role in self.legs and flush:
            self.legs[role].voice.flush()

    def _note_bridge(self) -> None:
        """Tell when caller and operator begin to hear each other."""
        bridged = self._hearing.talks_with is CallPhase.OPERATOR and LegRole.CALLER in self.legs
        if bridged and not self._bridged:
            self._tell(Bridged(call_id=self.call_id, epoch=self._plan.epoch))
        self._bridged = bridged

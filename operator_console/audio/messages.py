"""Name what the console tells the audio process, and what it hears from it: one JSON object per line, both ways.

Commands travel on the child's stdin, events on its stdout. Levels are 0..1 (1 = full scale), spans carry their
unit in their name. Tokens travel here and on the media socket only, never on a command line.
"""

from enum import StrEnum
from typing import Final

import msgspec

MAX_LINE_BYTES: Final = 256 * 1024
"""The longest line either side takes (a list of devices is the longest there is)."""


class LegPhase(StrEnum):
    """Where the operator's leg stands."""

    IDLE = "idle"
    CONNECTING = "connecting"
    LIVE = "live"
    RECONNECTING = "reconnecting"
    """The socket broke without a goodbye: ask the broker for a new grant and send `Open` again."""
    ENDED = "ended"


class Direction(StrEnum):
    """Which of the streams: the two of a call, and the one that calls for attention."""

    MICROPHONE = "microphone"
    SPEAKER = "speaker"
    ALERT = "alert speaker"


class ToneName(StrEnum):
    """The sounds the console makes by itself."""

    RING = "ring"
    NOTIFICATION = "notification"


class Verdict(StrEnum):
    """What a microphone test found."""

    OK = "ok"
    SILENT = "silent"
    CLIPPING = "clipping"
    NO_DEVICE = "no_device"


class Message(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", omit_defaults=True):
    """What all lines share: the tag `type`, and defaults left out."""


class Open(Message, frozen=True, kw_only=True, tag="open", forbid_unknown_fields=True):
    """Open the leg of a one-time grant, dropping an older leg first; `muted` holds from the first frame on."""

    url: str
    token: str
    epoch: int
    muted: bool = False


class Mute(Message, frozen=True, kw_only=True, tag="mute", forbid_unknown_fields=True):
    """Stop (or start) sending the microphone; kept when the leg breaks and the same epoch is opened again."""

    on: bool


class Close(Message, frozen=True, kw_only=True, tag="close", forbid_unknown_fields=True):
    """Close the leg with a goodbye; no harm when none is open."""

    reason: str = ""


class ListDevices(Message, frozen=True, kw_only=True, tag="list_devices", forbid_unknown_fields=True):
    """Ask for `Devices` as they are now, hot-plugged ones included."""


class Select(Message, frozen=True, kw_only=True, tag="select", forbid_unknown_fields=True):
    """Use other devices from now on, also in a live call; None keeps the one in use, "" is the system's default.

    `alert` is the speaker that alerts sound on; "" is none.
    """

    microphone: str | None = None
    speaker: str | None = None
    alert: str | None = None


class TestMicrophone(Message, frozen=True, kw_only=True, tag="test_microphone", forbid_unknown_fields=True):
    """Record for `seconds` (0.2 to 10), play it back if asked, answer with `TestResult`."""

    __test__ = False  # pytest collects classes by this prefix

    seconds: float = 3.0
    playback: bool = True


class PlayTone(Message, frozen=True, kw_only=True, tag="play_tone", forbid_unknown_fields=True):
    """Make a sound in the operator's ear; `on=False` stops a ring."""

    tone: ToneName
    on: bool = True


class Alert(Message, frozen=True, kw_only=True, tag="alert", forbid_unknown_fields=True):
    """Call the operator on the alert speaker, once; `on=False` ends it at once. `AlertSilent` tells that it did not."""

    tone: ToneName = ToneName.RING
    loud: bool = False
    on: bool = True


class LevelsOn(Message, frozen=True, kw_only=True, tag="levels", forbid_unknown_fields=True):
    """Send `Levels` outside calls too (the device picker's meter), or stop that."""

    on: bool


class Gain(Message, frozen=True, kw_only=True, tag="gain", forbid_unknown_fields=True):
    """Make microphone or speaker louder: factors 0..10; None keeps. The microphone is limited, not cut."""

    microphone: float | None = None
    speaker: float | None = None


class Filter(Message, frozen=True, kw_only=True, tag="filter", forbid_unknown_fields=True):
    """Switch echo cancellation and noise suppression on or off; None leaves one as it is. Answered by `Filtering`."""

    echo: bool | None = None
    noise: bool | None = None


class Quit(Message, frozen=True, kw_only=True, tag="quit", forbid_unknown_fields=True):
    """Close everything and exit 0; an open leg is dropped without a goodbye."""


AudioCommand = (
    Open | Mute | Close | ListDevices | Select | TestMicrophone | PlayTone | Alert | LevelsOn | Gain | Filter | Quit
)
"""Everything the child is told."""


class Tried(msgspec.Struct, frozen=True):
    """One link of the chain of backends: its name, whether it is the one in use, and why not."""

    name: str
    used: bool
    reason: str = ""


class Ready(Message, frozen=True, kw_only=True, tag="ready"):
    """First line of the child, and again when another backend took over.

    Attributes:
        backend: The one in use: sounddevice, pyaudio, miniaudio, file or null.
        tried: The chain up to it, with the reason of each that was passed over.
        remedy: The one line that would improve it; empty when nothing would.
        file_audio: No sound card is used.
        priority: How early the system runs this process: real-time, raised, normal.
    """

    backend: str
    tried: tuple[Tried, ...] = ()
    remedy: str = ""
    file_audio: bool = False
    priority: str = ""


class Device(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One device; `id` is what `Select` takes and stays the same over restarts as long as the name does."""

    id: str
    name: str
    microphone: bool = False
    speaker: bool = False
    default_microphone: bool = False
    default_speaker: bool = False


class Devices(Message, frozen=True, kw_only=True, tag="devices"):
    """What there is to choose from, and what is chosen ("" is the system's default)."""

    backend: str
    devices: tuple[Device, ...] = ()
    microphone: str = ""
    speaker: str = ""
    alert: str = ""
    remedy: str = ""
    file_audio: bool = False


class State(Message, frozen=True, kw_only=True, tag="state"):
    """The leg's phase changed; `reason` says why, for people; `epoch` is that of the leg meant."""

    phase: LegPhase
    epoch: int = 0
    reason: str = ""


class Muted(Message, frozen=True, kw_only=True, tag="muted"):
    """The microphone is off (on) from now on: `echoed` when the media worker said so too."""

    on: bool
    echoed: bool = False


class Levels(Message, frozen=True, kw_only=True, tag="levels"):
    """RMS of the last tenth of a second: what the microphone picks up (also when muted), what the operator hears."""

    microphone: float
    caller: float


class Stats(Message, frozen=True, kw_only=True, tag="stats"):
    """The line, once a second while live.

    Attributes:
        delay_ms: Mouth to caller's leg as far as this side can know: half the round trip, the buffers, the devices.
        round_trip_ms: Ping to pong on the media socket; None until the first pong.
        loss_percent: Frames missing, the worse of both directions, over the last seconds.
        jitter_ms: Of the frames arriving here (RFC 3550 section 6.4.1).
        buffer_ms: How much of the caller's sound waits to be played.
        xruns: Overflows and underruns the devices reported since the leg began.
        late_frames: Frames dropped here because they came too late or too many at once.
        far_silent_ms: How long the caller's frames have been missing, by the worker.
        far_holds: The caller's telephone has put us on hold.
    """

    delay_ms: float
    round_trip_ms: float | None = None
    loss_percent: float = 0.0
    jitter_ms: float = 0.0
    buffer_ms: float = 0.0
    xruns: int = 0
    late_frames: int = 0
    far_silent_ms: int = 0
    far_holds: bool = False
    microphone: str = ""
    speaker: str = ""


class Digit(Message, frozen=True, kw_only=True, tag="digit"):
    """The caller pressed a key of the telephone."""

    digit: str


class DeviceInUse(Message, frozen=True, kw_only=True, tag="device_in_use"):
    """A device was opened, by this name."""

    direction: Direction
    name: str


class DeviceLost(Message, frozen=True, kw_only=True, tag="device_lost"):
    """A device in use is gone; the leg stays connected and the search goes on."""

    direction: Direction
    name: str
    reason: str = ""


class DeviceBack(Message, frozen=True, kw_only=True, tag="device_back"):
    """Sound works again on this device, which need not be the one lost."""

    direction: Direction
    name: str


class TestResult(Message, frozen=True, kw_only=True, tag="test_result"):
    """What the microphone test found; `message` is for people, `remedy` is empty when all is well."""

    __test__ = False  # pytest collects classes by this prefix

    verdict: Verdict
    peak: float = 0.0
    rms: float = 0.0
    message: str = ""
    remedy: str = ""
    device: str = ""


class AlertChosen(Message, frozen=True, kw_only=True, tag="alert_chosen"):
    """Alerts sound on this speaker (its id) from now on; "" is on none."""

    speaker: str = ""


class AlertSilent(Message, frozen=True, kw_only=True, tag="alert_silent"):
    """An alert was not heard, or not to its end: why, and what to do."""

    message: str
    remedy: str = ""


class Filtering(Message, frozen=True, kw_only=True, tag="filtering"):
    """Which filters the microphone goes through from now on."""

    echo: bool = False
    noise: bool = False


class FirstAudio(Message, frozen=True, kw_only=True, tag="first_audio"):
    """How long after `Open` the first frame left, and the first one was played; None: not yet. Told when either is."""

    sent_ms: float | None = None
    heard_ms: float | None = None


class Problem(Message, frozen=True, kw_only=True, tag="problem"):
    """Something is wrong with sound: a stable code, a sentence, what to do, and which device can't be used (None: any).

    A device that can't be used is tried again and again: `DeviceInUse` ends it.
    """

    code: str
    message: str
    remedy: str = ""
    direction: Direction | None = None


AudioEvent = (
    Ready
    | Devices
    | State
    | Muted
    | Levels
    | Stats
    | Digit
    | DeviceInUse
    | DeviceLost
    | DeviceBack
    | TestResult
    | FirstAudio
    | Filtering
    | AlertChosen
    | AlertSilent
    | Problem
)
"""Everything the child tells."""

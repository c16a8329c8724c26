"""Turn what a sound library raises into a problem with a stable code, a sentence, and a remedy that helps.

Four things go wrong with microphones: there is none, PortAudio is missing, the system refuses it, or it hears
nothing. Codes: no_portaudio, no_device, no_permission, device_busy, microphone_silent, device_failed;
`not_installed` and `file_unreadable` are about backends.
"""

import errno
import sys
from typing import Final

from operator_console.audio.messages import AlertSilent, Direction, Problem
from operator_console.audio.permissions import refusals

PORTAUDIO_REMEDY: Final = "Install PortAudio: sudo apt-get install -y libportaudio2 libasound2-plugins"
"""The line that brings sound cards to sounddevice on Debian and Ubuntu."""
NO_DEVICE_REMEDY: Final = (
    "Plug a headset in, or start the sound server (pulseaudio --start, or systemctl --user start pipewire-pulse)."
)
SILENT_REMEDY: Final = (
    "Check the headset's own mute switch and the input level (pactl set-source-mute @DEFAULT_SOURCE@ 0; alsamixer), "
    "or choose another microphone."
)
CLIPPING_REMEDY: Final = (
    "Turn the input level down (pactl set-source-volume @DEFAULT_SOURCE@ 60%), or move away a little."
)
_PERMISSION_REMEDIES: Final = {
    "linux": "Let your user use sound: sudo usermod -aG audio $USER, then log in again.",
    "darwin": "Allow the terminal under System Settings > Privacy & Security > Microphone, then start it again.",
    "win32": "Allow desktop apps under Settings > Privacy & security > Microphone.",
}
_SIGNS: Final = {
    "no_permission": ("permission denied", "access denied", "not permitted"),
    "no_portaudio": ("portaudio library not found",),
    "no_device": (
        "error querying device",
        "-9996",
        "invalid device",
        "invalid input device",
        "invalid output device",
        "no default",
        "no such device",
        "no device",
        "no suitable audio backend",
    ),
    "device_busy": ("device unavailable", "-9985", "resource busy"),
}
"""What the libraries say, in lower case, by what it means."""


class BackendError(Exception):
    """A backend or a device can't be used; `code` is a problem's code, `detail` is for people."""

    def __init__(self, code: str, detail: str) -> None:
        """Keep both apart."""
        super().__init__(detail)
        self.code = code
        self.detail = detail


def classify(error: Exception) -> BackendError:
    """Return what a library raised as a `BackendError` with the code that fits it best."""
    if isinstance(error, BackendError):
        return error
    text = str(error) or type(error).__name__
    lower = text.lower()
    if isinstance(error, ImportError):
        return BackendError("not_installed", text)
    if getattr(error, "errno", 0) in {errno.EACCES, errno.EPERM}:
        return BackendError("no_permission", text)
    said = (code for code, words in _SIGNS.items() if any(word in lower for word in words))
    return BackendError(next(said, "device_failed"), text)


def problem(error: BackendError, direction: Direction) -> Problem:
    """Return the problem to show for a device of this direction that can't be opened.

    PortAudio hides the system's reason, so when there is no device we look whether the system refuses one.
    """
    refused = refusals() if error.code in {"no_device", "device_failed", "device_busy"} else ()
    code = "no_permission" if refused else error.code
    detail = f"{refused[0]} is not readable for this user" if refused else error.detail
    what = direction.value
    sentences = {
        "no_device": (f"There is no {what}.", NO_DEVICE_REMEDY),
        "no_portaudio": ("PortAudio is not installed.", PORTAUDIO_REMEDY),
        "no_permission": (f"The system does not let this program use the {what}: {detail}.", permission_remedy()),
        "device_busy": (f"Another program holds the {what}.", f"Close the other program, or choose another {what}."),
    }
    message, remedy = sentences.get(
        code, (f"The {what} can't be opened: {detail}.", f"Plug it in again, or choose another {what}.")
    )
    return Problem(code=code, message=message, remedy=remedy, direction=direction)


def alert_silent(error: BackendError, device_id: str) -> AlertSilent:
    """Return what to tell of an alert that was not heard on its speaker."""
    why = "it is not there" if error.code == "no_device" else error.detail
    return AlertSilent(
        message=f"The alert speaker {device_id} can't be used ({why}): the terminal's bell sounds instead.",
        remedy="Plug it in again, or choose another one with a on the sound page (s).",
    )


def silent_microphone(device: str) -> Problem:
    """Return the problem of a microphone that delivers, but only silence."""
    name = f"The microphone {device}".rstrip()
    return Problem(
        code="microphone_silent",
        message=f"{name} delivers silence: the caller can't hear you.",
        remedy=silent_remedy(),
    )


def silent_remedy() -> str:
    """Return what to do about silence; desktop systems deliver silence when they refuse the microphone."""
    return SILENT_REMEDY if sys.platform == "linux" else permission_remedy()


def permission_remedy() -> str:
    """Return how this system is told to let a program use the microphone."""
    return _PERMISSION_REMEDIES.get(sys.platform, _PERMISSION_REMEDIES["linux"])

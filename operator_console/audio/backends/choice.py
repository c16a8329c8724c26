"""Pick the first sound library that works, and keep why the others did not."""

from collections.abc import Callable, Mapping

import msgspec

from operator_console.audio.backends.file import FileBackend, NullBackend
from operator_console.audio.backends.miniaudio import MiniaudioBackend
from operator_console.audio.backends.port import Backend
from operator_console.audio.backends.pyaudio import PyAudioBackend
from operator_console.audio.backends.sounddevice import SoundDeviceBackend
from operator_console.audio.messages import Tried
from operator_console.audio.options import AudioOptions
from operator_console.audio.permissions import refusals
from operator_console.audio.problems import NO_DEVICE_REMEDY, PORTAUDIO_REMEDY, BackendError, permission_remedy

Makers = Mapping[str, Callable[[AudioOptions], Backend]]
"""How to make each backend, best first."""
_FALLBACKS = ("file", "null")


class Choice(msgspec.Struct, frozen=True):
    """The backend in use, the chain that led to it, and the one line that would improve it ("" when nothing would)."""

    backend: Backend
    tried: tuple[Tried, ...]
    remedy: str


def makers() -> Makers:
    """Return how the shipped backends are made."""
    return {
        "sounddevice": lambda _options: SoundDeviceBackend(),
        "pyaudio": lambda _options: PyAudioBackend(),
        "miniaudio": lambda _options: MiniaudioBackend(),
        "file": lambda options: FileBackend(options.file_microphone, options.file_speaker),
        "null": lambda _options: NullBackend(),
    }


def choose(options: AudioOptions, known: Makers | None = None) -> Choice:
    """Return the first backend that loads and has a device, or the one that `options` names.

    Raises:
        BackendError: a backend was named that can't be used, or the file to speak can't be read.
    """
    known = makers() if known is None else known
    named = options.backend != "auto"
    names = [options.backend] if named else [name for name in known if name != "null"]
    tried: list[Tried] = []
    for name in names:
        try:
            backend, usable = _made(known[name], options)
        except BackendError as error:
            if named or name in _FALLBACKS:
                raise
            tried.append(Tried(name, used=False, reason=f"{error.code}: {error.detail}"))
            continue
        if usable or named:
            return Choice(backend, (*tried, Tried(name, used=True)), _remedy(name, tried, usable=usable))
        backend.close()
        tried.append(Tried(name, used=False, reason="no_device: it finds no device"))
    raise BackendError("no_device", "no sound library can be used")


def _made(make: Callable[[AudioOptions], Backend], options: AudioOptions) -> tuple[Backend, bool]:
    """Return a backend and whether it has a device; one that can't tell is closed again."""
    backend = make(options)
    try:
        return backend, bool(backend.devices())
    except BackendError:
        backend.close()
        raise


def _remedy(name: str, tried: list[Tried], *, usable: bool) -> str:
    """Return the line that would bring a better backend than `name` into use."""
    if usable and (name == "sounddevice" or not tried):
        return ""
    if any(link.reason.startswith("no_portaudio") for link in tried):
        return PORTAUDIO_REMEDY
    if name in {"pyaudio", "miniaudio"} and usable:
        return ""
    return permission_remedy() if refusals() else NO_DEVICE_REMEDY

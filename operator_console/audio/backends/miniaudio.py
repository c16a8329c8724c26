"""Reach sound cards through miniaudio, whose wheel needs no system package.

It reports neither lost sound nor, reliably, a lost device, so the blocks are watched. miniaudio converts rates itself.
Source: github.com/irmen/pyminiaudio, CaptureDevice and PlaybackDevice.
"""

import importlib
from collections.abc import Callable, Generator, Mapping, Sequence
from typing import Final, Protocol, cast

from operator_console.audio.backends.port import Give, Stream, Take, Wish
from operator_console.audio.backends.watch import Watch
from operator_console.audio.messages import Device, Direction
from operator_console.audio.problems import BackendError, classify
from operator_console.audio.resample import giving, taking
from operator_console.audio.sound import LEG_RATE

_NOT_DEVICES: Final = ("discard all samples", "null audio")
"""ALSA's bit bucket is no sound card."""
_PERIODS: Final = 3
_MONITOR: Final = "monitor of"
"""PulseAudio lists what a speaker plays as a microphone too; those come last."""
DEFAULT_NAME: Final = "the system's default"
_CODES: Final = {-8: "no_permission", -19: "device_busy", -203: "no_device", -204: "no_device", -400: "no_device"}
"""MA_ACCESS_DENIED, MA_BUSY, MA_NO_BACKEND, MA_NO_DEVICE, MA_FAILED_TO_INIT_BACKEND, by what they mean."""
_CANT_OPEN: Final = -401
"""MA_FAILED_TO_OPEN_BACKEND_DEVICE: of the default device, that there is none."""


class _RawDevice(Protocol):
    backend: str
    stop_callback: Callable[[], None] | None

    def start(self, callback_generator: Generator[bytes, int, None] | Generator[None, bytes, None]) -> None: ...
    def close(self) -> None: ...


class _Found(Protocol):
    backend: str

    def get_playbacks(self) -> Sequence[Mapping[str, object]]: ...
    def get_captures(self) -> Sequence[Mapping[str, object]]: ...


class _Formats(Protocol):
    SIGNED16: object


class _System(Protocol):
    name: str
    value: int


class _Library(Protocol):
    MiniaudioError: type[Exception]
    SampleFormat: _Formats

    def Devices(self, backends: Sequence[_System]) -> _Found: ...  # noqa: N802 - the library's name
    def CaptureDevice(self, **how: object) -> _RawDevice: ...  # noqa: N802 - the library's name
    def PlaybackDevice(self, **how: object) -> _RawDevice: ...  # noqa: N802 - the library's name
    def get_enabled_backends(self) -> set[_System]: ...


class _OpenDevice:
    """One running miniaudio device."""

    def __init__(self, name: str, raw: _RawDevice, watch: Watch, block_ms: int) -> None:
        self.name: Final = name
        self.delay_ms: Final = float(block_ms * _PERIODS)
        self._raw = raw
        self._watch = watch

    @property
    def xruns(self) -> int:
        """Blocks that came far too late."""
        return self._watch.xruns

    def lost(self) -> str:
        """Return why the device is gone, or ""."""
        return self._watch.lost()

    def close(self) -> None:
        """Stop and close; the library swallows the errors of a dead device."""
        self._raw.stop_callback = None
        self._raw.close()


class MiniaudioBackend:
    """miniaudio as a `Backend`."""

    name: str = "miniaudio"
    file_audio: bool = False

    def __init__(self) -> None:
        """Load the library and find a sound system.

        Raises:
            BackendError: the library is missing, or no sound system answers.
        """
        try:
            self._library = cast("_Library", importlib.import_module("miniaudio"))
        except (ImportError, OSError) as error:
            raise classify(error) from error
        enabled = self._library.get_enabled_backends()
        self._systems = sorted(
            (system for system in enabled if system.name not in {"NULL", "CUSTOM"}), key=lambda system: system.value
        )
        self._captures: dict[str, tuple[str, object]] = {}
        self._playbacks: dict[str, tuple[str, object]] = {}
        self.refresh()

    def devices(self) -> tuple[Device, ...]:
        """Return the devices of the last look; miniaudio does not tell which is the default."""
        ids = dict.fromkeys([*self._captures, *self._playbacks])
        return tuple(
            Device(
                id=identity,
                name=(self._captures.get(identity) or self._playbacks[identity])[0],
                microphone=identity in self._captures,
                speaker=identity in self._playbacks,
            )
            for identity in ids
        )

    def open_microphone(self, device_id: str, wish: Wish, take: Take) -> Stream:
        """Open a CaptureDevice."""
        into = taking(take, self._rate(wish))

        def recording(watch: Watch) -> Generator[None, bytes, None]:
            while True:
                block = yield
                watch.beat()
                into(bytes(block))

        def start(handle: object, watch: Watch) -> _RawDevice:
            raw = self._library.CaptureDevice(
                input_format=self._library.SampleFormat.SIGNED16, **self._how(handle, wish)
            )
            self._run(raw, recording(watch), watch)
            return raw

        return self._open(Direction.MICROPHONE, device_id, wish, start)

    def open_speaker(self, device_id: str, wish: Wish, give: Give) -> Stream:
        """Open a PlaybackDevice."""
        source = giving(give, self._rate(wish))

        def playing(watch: Watch) -> Generator[bytes, int, None]:
            frames = yield b""
            while True:
                watch.beat()
                frames = yield source(frames * 2)

        def start(handle: object, watch: Watch) -> _RawDevice:
            raw = self._library.PlaybackDevice(
                output_format=self._library.SampleFormat.SIGNED16, **self._how(handle, wish)
            )
            self._run(raw, playing(watch), watch)
            return raw

        return self._open(Direction.SPEAKER, device_id, wish, start)

    def refresh(self) -> None:
        """Look for devices again.

        Raises:
            BackendError: no sound system answers.
        """
        try:
            found = self._library.Devices(self._systems)
            captures, playbacks = found.get_captures(), found.get_playbacks()
        except self._library.MiniaudioError as error:
            raise BackendError("no_device", f"no sound system answers ({error})") from error
        self._captures = _by_id(found.backend, captures)
        self._playbacks = _by_id(found.backend, playbacks)

    def close(self) -> None:
        """Nothing is held between streams."""

    def _open(
        self, direction: Direction, device_id: str, wish: Wish, start: Callable[[object, Watch], _RawDevice]
    ) -> Stream:
        known = self._captures if direction is Direction.MICROPHONE else self._playbacks
        if device_id and device_id not in known:
            raise BackendError("no_device", f"{device_id} is not plugged in")
        if not known:
            raise BackendError("no_device", f"the system has no {direction.value}")
        name, handle = known[device_id] if device_id else (DEFAULT_NAME, None)
        watch = Watch(wish.block_ms, counts_gaps=True)
        try:
            raw = start(handle, watch)
        except self._library.MiniaudioError as error:
            raise refused(error, direction, default=not device_id) from error
        return _OpenDevice(name, raw, watch, wish.block_ms)

    def _run(
        self,
        raw: _RawDevice,
        moving: Generator[None, bytes, None] | Generator[bytes, int, None],
        watch: Watch,
    ) -> None:
        next(moving)
        raw.stop_callback = lambda: watch.end("its stream stopped")
        raw.start(moving)

    def _how(self, handle: object, wish: Wish) -> dict[str, object]:
        return {
            "nchannels": 1,
            "sample_rate": self._rate(wish),
            "buffersize_msec": wish.block_ms,
            "callback_periods": _PERIODS,
            "device_id": handle,
            "backends": self._systems,
            "app_name": "operator-console",
        }

    @staticmethod
    def _rate(wish: Wish) -> int:
        return wish.device_rate or LEG_RATE


def refused(error: Exception, direction: Direction, *, default: bool) -> BackendError:
    """Return what miniaudio raised when it opened a device, or the default device, as a problem's code."""
    result = next((part for part in error.args if isinstance(part, int)), 0)
    if default and result == _CANT_OPEN:
        return BackendError("no_device", f"the system has no default {direction.value}")
    return BackendError(_CODES.get(result, "device_failed"), f"miniaudio says {result}")


def _by_id(system: str, found: Sequence[Mapping[str, object]]) -> dict[str, tuple[str, object]]:
    """Return name and handle of each device by an id that outlives a restart."""
    known: dict[str, tuple[str, object]] = {}
    for entry in sorted(found, key=lambda entry: str(entry["name"]).lower().startswith(_MONITOR)):
        name = str(entry["name"])
        if not name.lower().startswith(_NOT_DEVICES):
            identity = f"{system}/{name}"
            known[identity if identity not in known else f"{identity}#{len(known)}"] = (name, entry["id"])
    return known

"""Reach sound cards through python-sounddevice on PortAudio: two raw streams, no numpy.

A duplex stream dies where two streams live (PortAudio issue 758), so microphone and speaker are apart. Importing it
raises OSError when PortAudio is missing. Source: python-sounddevice.readthedocs.io, RawInputStream, RawOutputStream.
"""

import importlib
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Final, Protocol, cast

from operator_console.audio.backends.names import Named, device_list, index_of
from operator_console.audio.backends.port import Give, Stream, Take, Wish, rates_to_try
from operator_console.audio.backends.watch import Watch
from operator_console.audio.messages import Device, Direction
from operator_console.audio.problems import classify
from operator_console.audio.resample import giving, taking

_log = logging.getLogger(__name__)


class _Flags(Protocol):
    input_overflow: bool
    output_underflow: bool


_Callback = Callable[[memoryview, int, object, _Flags], None]


class _RawStream(Protocol):
    latency: float
    active: bool

    def start(self) -> None: ...
    def abort(self, ignore_errors: bool = True) -> None: ...  # noqa: FBT001, FBT002 - the library's signature
    def close(self, ignore_errors: bool = True) -> None: ...  # noqa: FBT001, FBT002 - the library's signature


class _OpenStream(Protocol):
    def __call__(
        self,
        *,
        samplerate: int,
        blocksize: int,
        device: int | None,
        channels: int,
        dtype: str,
        latency: str,
        callback: _Callback,
        finished_callback: Callable[[], None],
    ) -> _RawStream: ...


class _Defaults(Protocol):
    device: Sequence[int]


class _Library(Protocol):
    PortAudioError: type[Exception]
    RawInputStream: _OpenStream
    RawOutputStream: _OpenStream
    default: _Defaults

    def query_devices(self) -> Sequence[Mapping[str, object]]: ...
    def query_hostapis(self) -> Sequence[Mapping[str, object]]: ...


class _OpenDevice:
    """One running PortAudio stream."""

    def __init__(self, name: str, raw: _RawStream, watch: Watch) -> None:
        self.name: Final = name
        self._raw = raw
        self._watch = watch

    @property
    def xruns(self) -> int:
        """Overflows or underflows that PortAudio reported."""
        return self._watch.xruns

    @property
    def delay_ms(self) -> float:
        """PortAudio's own figure."""
        return self._raw.latency * 1000

    def lost(self) -> str:
        """Return why the device is gone, or ""."""
        return self._watch.lost() or ("" if self._raw.active else "its stream stopped")

    def close(self) -> None:
        """Abort and close; errors of a dead device are its own."""
        self._raw.abort(ignore_errors=True)
        self._raw.close(ignore_errors=True)


class SoundDeviceBackend:
    """python-sounddevice as a `Backend`."""

    name: str = "sounddevice"
    file_audio: bool = False

    def __init__(self) -> None:
        """Load the library and PortAudio.

        Raises:
            BackendError: either is missing.
        """
        try:
            self._library = cast("_Library", importlib.import_module("sounddevice"))
        except (ImportError, OSError) as error:
            raise classify(error) from error
        if not getattr(self._library, "_initialized", 1):  # another backend of this process closed it
            self._step("_initialize")

    def devices(self) -> tuple[Device, ...]:
        """Return the devices of the last look."""
        named, (microphone, speaker) = self._named()
        return device_list(named, microphone, speaker)

    def open_microphone(self, device_id: str, wish: Wish, take: Take) -> Stream:
        """Open a RawInputStream."""

        def start(rate: int, watch: Watch) -> _Callback:
            into = taking(take, rate)

            def callback(block: memoryview, _frames: int, _time: object, flags: _Flags) -> None:
                watch.beat(xrun=flags.input_overflow)
                into(bytes(block))

            return callback

        return self._open(Direction.MICROPHONE, device_id, wish, start)

    def open_speaker(self, device_id: str, wish: Wish, give: Give) -> Stream:
        """Open a RawOutputStream."""

        def start(rate: int, watch: Watch) -> _Callback:
            source = giving(give, rate)

            def callback(block: memoryview, frames: int, _time: object, flags: _Flags) -> None:
                watch.beat(xrun=flags.output_underflow)
                block[:] = source(frames * 2)

            return callback

        return self._open(Direction.SPEAKER, device_id, wish, start)

    def refresh(self) -> None:
        """Start PortAudio anew: it looks for devices only then."""
        self._step("_terminate")
        self._step("_initialize")

    def close(self) -> None:
        """Let go of PortAudio, so that the next to start it sees the devices of then."""
        self._step("_terminate")

    def _step(self, name: str) -> None:
        """Start or end PortAudio: the way its author gives to refresh (python-sounddevice issue 61) is not public."""
        try:
            cast("Callable[[], None]", getattr(self._library, name))()
        except self._library.PortAudioError as error:
            _log.warning("PortAudio: %s", error)

    def _open(
        self, direction: Direction, device_id: str, wish: Wish, start: Callable[[int, Watch], _Callback]
    ) -> Stream:
        named, defaults = self._named()
        recording = direction is Direction.MICROPHONE
        index = index_of(named, device_id, direction, defaults[0 if recording else 1])
        opening = self._library.RawInputStream if recording else self._library.RawOutputStream
        failure: Exception | None = None
        for rate in rates_to_try(wish, named[index].rate):
            watch = Watch(wish.block_ms)
            try:
                raw = opening(
                    samplerate=rate,
                    blocksize=rate * wish.block_ms // 1000,
                    device=index,
                    channels=1,
                    dtype="int16",
                    latency="low",
                    callback=start(rate, watch),
                    finished_callback=watch.finished,
                )
                raw.start()
            except (self._library.PortAudioError, ValueError, OSError) as error:
                failure = error
            else:
                return _OpenDevice(named[index].name, raw, watch)
        raise classify(failure or ValueError("no rate to try"))

    def _named(self) -> tuple[list[Named], tuple[int, int]]:
        try:
            hosts = self._library.query_hostapis()
            found = self._library.query_devices()
            defaults = self._library.default.device
        except (self._library.PortAudioError, OSError) as error:
            raise classify(error) from error
        named = [
            Named(
                name=str(entry["name"]),
                host=str(hosts[int(cast("int", entry["hostapi"]))]["name"]),
                inputs=int(cast("int", entry["max_input_channels"])),
                outputs=int(cast("int", entry["max_output_channels"])),
                rate=int(cast("float", entry["default_samplerate"])),
            )
            for entry in found
        ]
        return named, (int(defaults[0]), int(defaults[1]))

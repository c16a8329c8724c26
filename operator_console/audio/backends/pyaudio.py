"""Reach sound cards through PyAudio on PortAudio, where it was built (extra `pyaudio`).

PyAudio says nothing when a device goes, so `is_active` and the blocks are watched.
Source: people.csail.mit.edu/hubert/pyaudio/docs, PyAudio.open and Stream.
"""

import importlib
from collections.abc import Callable, Mapping
from typing import Final, Protocol, cast

from operator_console.audio.backends.names import Named, device_list, index_of
from operator_console.audio.backends.port import Give, Stream, Take, Wish, rates_to_try
from operator_console.audio.backends.watch import Watch
from operator_console.audio.messages import Device, Direction
from operator_console.audio.problems import classify
from operator_console.audio.resample import giving, taking

_INPUT_OVERFLOW: Final = 0x2
_OUTPUT_UNDERFLOW: Final = 0x4
_Callback = Callable[[bytes | None, int, object, int], tuple[bytes | None, int]]


class _RawStream(Protocol):
    def start_stream(self) -> None: ...
    def is_active(self) -> bool: ...
    def get_input_latency(self) -> float: ...
    def get_output_latency(self) -> float: ...
    def close(self) -> None: ...


class _Session(Protocol):
    def get_device_count(self) -> int: ...
    def get_device_info_by_index(self, device_index: int) -> Mapping[str, object]: ...
    def get_host_api_info_by_index(self, host_api_index: int) -> Mapping[str, object]: ...
    def get_default_input_device_info(self) -> Mapping[str, object]: ...
    def get_default_output_device_info(self) -> Mapping[str, object]: ...
    def terminate(self) -> None: ...
    def open(self, **how: object) -> _RawStream: ...


class _Library(Protocol):
    paInt16: int  # noqa: N815 - the library's name
    paContinue: int  # noqa: N815 - the library's name

    def PyAudio(self) -> _Session: ...  # noqa: N802 - the library's name


class _OpenDevice:
    """One running PortAudio stream."""

    def __init__(self, name: str, raw: _RawStream, watch: Watch, direction: Direction) -> None:
        self.name: Final = name
        self._raw = raw
        self._watch = watch
        recording = direction is Direction.MICROPHONE
        self._latency = raw.get_input_latency() if recording else raw.get_output_latency()

    @property
    def xruns(self) -> int:
        """Overflows or underflows that PortAudio reported."""
        return self._watch.xruns

    @property
    def delay_ms(self) -> float:
        """PortAudio's own figure."""
        return self._latency * 1000

    def lost(self) -> str:
        """Return why the device is gone, or ""."""
        try:
            active = self._raw.is_active()
        except OSError as error:
            return str(error)
        return self._watch.lost() or ("" if active else "its stream stopped")

    def close(self) -> None:
        """Close; errors of a dead device are its own."""
        try:
            self._raw.close()
        except OSError as error:
            self._watch.end(str(error))


class PyAudioBackend:
    """PyAudio as a `Backend`."""

    name: str = "pyaudio"
    file_audio: bool = False

    def __init__(self) -> None:
        """Load the library and PortAudio.

        Raises:
            BackendError: either is missing.
        """
        try:
            self._library = cast("_Library", importlib.import_module("pyaudio"))
            self._session = self._library.PyAudio()
        except (ImportError, OSError) as error:
            raise classify(error) from error

    def devices(self) -> tuple[Device, ...]:
        """Return the devices of the last look."""
        return device_list(self._named(), self._default(Direction.MICROPHONE), self._default(Direction.SPEAKER))

    def open_microphone(self, device_id: str, wish: Wish, take: Take) -> Stream:
        """Open an input stream."""

        def start(rate: int, watch: Watch) -> _Callback:
            into = taking(take, rate)
            going_on = self._library.paContinue

            def callback(block: bytes | None, _frames: int, _time: object, flags: int) -> tuple[bytes | None, int]:
                watch.beat(xrun=bool(flags & _INPUT_OVERFLOW))
                into(block or b"")
                return None, going_on

            return callback

        return self._open(Direction.MICROPHONE, device_id, wish, start)

    def open_speaker(self, device_id: str, wish: Wish, give: Give) -> Stream:
        """Open an output stream."""

        def start(rate: int, watch: Watch) -> _Callback:
            source = giving(give, rate)
            going_on = self._library.paContinue

            def callback(_block: bytes | None, frames: int, _time: object, flags: int) -> tuple[bytes | None, int]:
                watch.beat(xrun=bool(flags & _OUTPUT_UNDERFLOW))
                return source(frames * 2), going_on

            return callback

        return self._open(Direction.SPEAKER, device_id, wish, start)

    def refresh(self) -> None:
        """Start PortAudio anew: it looks for devices only then."""
        self._session.terminate()
        self._session = self._library.PyAudio()

    def close(self) -> None:
        """Let go of PortAudio."""
        self._session.terminate()

    def _open(
        self, direction: Direction, device_id: str, wish: Wish, start: Callable[[int, Watch], _Callback]
    ) -> Stream:
        named = self._named()
        index = index_of(named, device_id, direction, self._default(direction))
        recording = direction is Direction.MICROPHONE
        failure: Exception | None = None
        for rate in rates_to_try(wish, named[index].rate):
            watch = Watch(wish.block_ms)
            try:
                raw = self._session.open(
                    format=self._library.paInt16,
                    channels=1,
                    rate=rate,
                    input=recording,
                    output=not recording,
                    input_device_index=index if recording else None,
                    output_device_index=None if recording else index,
                    frames_per_buffer=rate * wish.block_ms // 1000,
                    stream_callback=start(rate, watch),
                )
                return _OpenDevice(named[index].name, raw, watch, direction)
            except (OSError, ValueError) as error:
                failure = error
        raise classify(failure or ValueError("no rate to try"))

    def _named(self) -> list[Named]:
        try:
            return [self._entry(index) for index in range(self._session.get_device_count())]
        except OSError as error:
            raise classify(error) from error

    def _entry(self, index: int) -> Named:
        entry = self._session.get_device_info_by_index(index)
        host = self._session.get_host_api_info_by_index(int(cast("int", entry["hostApi"])))
        return Named(
            name=str(entry["name"]),
            host=str(host["name"]),
            inputs=int(cast("int", entry["maxInputChannels"])),
            outputs=int(cast("int", entry["maxOutputChannels"])),
            rate=int(cast("float", entry["defaultSampleRate"])),
        )

    def _default(self, direction: Direction) -> int:
        recording = direction is Direction.MICROPHONE
        ask = self._session.get_default_input_device_info if recording else self._session.get_default_output_device_info
        try:
            return int(cast("int", ask()["index"]))
        except OSError:
            return -1

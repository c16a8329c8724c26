"""Be a sound library whose devices come and go, fail and hang, as a test says."""

import threading

from operator_console.audio.backends.port import Give, Take, Wish
from operator_console.audio.messages import Device, Direction
from operator_console.audio.problems import BackendError


class FakeStream:
    """One open device; pull its plug with `gone`."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.xruns = 0
        self.delay_ms = 10.0
        self.gone = ""
        self.closed = False

    def lost(self) -> str:
        return self.gone

    def close(self) -> None:
        self.closed = True


class FakeBackend:
    """Has the devices named in `plugged`; new ones are seen after `refresh` only, as with PortAudio."""

    def __init__(self, *plugged: str, name: str = "fake", file_audio: bool = False) -> None:
        self.name = name
        self.file_audio = file_audio
        self.plugged = list(plugged)
        self.failure: BackendError | None = None
        self.hang = threading.Event()
        self.hang.set()
        self.streams: list[FakeStream] = []
        self.opened: list[tuple[Direction, str]] = []
        self.refreshed = 0
        self.closed = False
        self.threads: set[int] = set()
        self.take: Take | None = None
        self.give: Give | None = None
        self._seen = list(plugged)

    def devices(self) -> tuple[Device, ...]:
        self._enter()
        return tuple(Device(id=name, name=name, microphone=True, speaker=True) for name in self._seen)

    def open_microphone(self, device_id: str, wish: Wish, take: Take) -> FakeStream:
        self.take = take
        return self._open(Direction.MICROPHONE, device_id)

    def open_speaker(self, device_id: str, wish: Wish, give: Give) -> FakeStream:
        self.give = give
        return self._open(Direction.SPEAKER, device_id)

    def refresh(self) -> None:
        self._enter()
        assert all(stream.closed for stream in self.streams), "PortAudio must not be restarted under a stream"
        self.refreshed += 1
        self._seen = list(self.plugged)

    def close(self) -> None:
        self.closed = True

    def pull(self) -> None:
        """Pull every plug."""
        self.plugged = []
        for stream in self.streams:
            stream.gone = "pulled"

    def _open(self, direction: Direction, device_id: str) -> FakeStream:
        self._enter()
        self.opened.append((direction, device_id))
        if self.failure is not None:
            raise self.failure
        name = device_id or next(iter(self._seen), "")
        if name not in self._seen or name not in self.plugged:
            raise BackendError("no_device", f"{name or 'nothing'} is not plugged in")
        stream = FakeStream(name)
        self.streams.append(stream)
        return stream

    def _enter(self) -> None:
        self.threads.add(threading.get_ident())
        assert self.hang.wait(30)

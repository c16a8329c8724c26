"""Say what the audio process needs of a sound library: devices, a stream in, a stream out. All calls may block.

Adapters: `sounddevice`, `pyaudio`, `miniaudio`, `file`, `null` in this package; one contract suite runs on all. The
methods are called from one thread only; `take` and `give` are called from threads of the library.
"""

from collections.abc import Callable
from typing import Protocol

import msgspec

from operator_console.audio.messages import Device
from operator_console.audio.sound import LEG_RATE

Take = Callable[[bytes], None]
"""What gets the microphone: PCM16 mono at 16 kHz, any length; must not block."""
Give = Callable[[int], bytes]
"""What fills the speaker: asked for so many bytes of PCM16 mono at 16 kHz, returns exactly so many; must not block."""


class Wish(msgspec.Struct, frozen=True):
    """How a stream should be opened: block length, and the device's rate in Hz (0: ours, else the device's own)."""

    block_ms: int = 10
    device_rate: int = 0


class Stream(Protocol):
    """One open device, running."""

    @property
    def name(self) -> str:
        """What people call the device."""
        ...

    @property
    def xruns(self) -> int:
        """How often the device lost or lacked sound."""
        ...

    @property
    def delay_ms(self) -> float:
        """How long sound takes through the device's buffers, as the library says."""
        ...

    def lost(self) -> str:
        """Return why the device is gone, or "" while it works."""
        ...

    def close(self) -> None:
        """Let go of the device; never raises, also when it is gone."""
        ...


class Backend(Protocol):
    """One sound library."""

    @property
    def name(self) -> str:
        """Its name in `--backend` and on the screen."""
        ...

    @property
    def file_audio(self) -> bool:
        """Whether no sound card is behind it."""
        ...

    def devices(self) -> tuple[Device, ...]:
        """Return the devices as of the start or the last `refresh`; empty when there is none.

        Raises:
            BackendError: the library can't tell.
        """
        ...

    def open_microphone(self, device_id: str, wish: Wish, take: Take) -> Stream:
        """Start to record; "" is the default device.

        Raises:
            BackendError: no such device, or it can't be opened.
        """
        ...

    def open_speaker(self, device_id: str, wish: Wish, give: Give) -> Stream:
        """Start to play; "" is the default device.

        Raises:
            BackendError: no such device, or it can't be opened.
        """
        ...

    def refresh(self) -> None:
        """Look for devices again; only while no stream is open."""
        ...

    def close(self) -> None:
        """Let go of the library; never raises."""
        ...


def rates_to_try(wish: Wish, own_rate: int) -> tuple[int, ...]:
    """Return the rates to open a device with, best first, without repeats."""
    if wish.device_rate:
        return (wish.device_rate,)
    return tuple(dict.fromkeys(rate for rate in (LEG_RATE, own_rate, 48_000) if rate > 0))

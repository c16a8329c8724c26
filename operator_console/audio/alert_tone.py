"""Make the sounds that call an operator who may not wear the headset: soft at first, loud and longer when repeated."""

from functools import cache
from typing import Final

from operator_console.audio.messages import ToneName
from operator_console.audio.sound import bytes_of_ms, tone

SOFT: Final = 0.1
"""-20 dB of full scale."""
LOUD: Final = 0.5
"""-6 dB."""
_TAIL_MS: Final = 300
"""Silence at the end, so that closing the device does not cut the last tone off."""
_CHIME: Final = ((784.0, 140), (0.0, 60), (988.0, 260), (0.0, 460))
_NOTICE: Final = ((660.0, 120), (880.0, 160))


@cache
def alert_tone(name: ToneName, *, loud: bool) -> bytes:
    """Return one alert as PCM16 mono at the leg's rate: below 2 s when soft, below 4 s when loud."""
    turns, pattern = (4 if loud else 2, _CHIME) if name is ToneName.RING else (1, _NOTICE)
    amplitude = LOUD if loud else SOFT
    once = b"".join(tone(hertz, ms, amplitude) if hertz else bytes(bytes_of_ms(ms)) for hertz, ms in pattern)
    return once * turns + bytes(bytes_of_ms(_TAIL_MS))

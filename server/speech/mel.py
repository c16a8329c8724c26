"""Make the log-mel spectrogram that Whisper's weights were trained on: 80 bands, 10 ms apart, padded to 30 s.

Source: Radford et al. 2022, "Robust Speech Recognition via Large-Scale Weak Supervision", section 2.2 (25 ms windows,
10 ms stride, scaled to about -1 to 1); the mel scale is Slaney's (Auditory Toolbox, 1998), with bands of equal area.
"""

from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from server.speech.engine import RATE, Sound

WINDOW: Final = 400
STRIDE: Final = 160
BANDS: Final = 80
SECONDS: Final = 30
FRAMES: Final = SECONDS * RATE // STRIDE
"""Shorter pads make the weights repeat themselves: the whole 30 s are kept."""
_LINEAR_HZ: Final = 200.0 / 3
_BREAK_HZ: Final = 1_000.0
_LOG_STEP: Final = np.log(6.4) / 27.0
_BELOW_PEAK: Final = 8.0


def log_mel(sound: Sound) -> NDArray[np.float32]:
    """Return the spectrogram of at most 30 s of sound; shape (BANDS, FRAMES)."""
    padded = np.zeros(SECONDS * RATE, np.float32)
    padded[: len(sound)] = sound[: len(padded)]
    around = np.pad(padded, WINDOW // 2, mode="reflect")
    frames = np.lib.stride_tricks.sliding_window_view(around, WINDOW)[::STRIDE][:FRAMES]
    power = np.abs(np.fft.rfft(frames * _window(), axis=1)) ** 2
    bands = np.log10(np.maximum(_filters() @ power.T, 1e-10))
    loudest = np.maximum(bands, bands.max() - _BELOW_PEAK)
    spectrogram: NDArray[np.float32] = ((loudest + 4.0) / 4.0).astype(np.float32)
    return spectrogram


@cache
def _window() -> NDArray[np.float32]:
    """Return Hann's window over one period."""
    window: NDArray[np.float32] = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(WINDOW) / WINDOW)).astype(np.float32)
    return window


@cache
def _filters() -> NDArray[np.float64]:
    """Return the weight of each frequency in each band; shape (BANDS, WINDOW // 2 + 1)."""
    frequencies = np.fft.rfftfreq(WINDOW, 1 / RATE)
    edges = _hz(np.linspace(0.0, _mel(RATE / 2), BANDS + 2))
    rising = (frequencies[None, :] - edges[:-2, None]) / np.diff(edges)[:-1, None]
    falling = (edges[2:, None] - frequencies[None, :]) / np.diff(edges)[1:, None]
    weights: NDArray[np.float64] = np.maximum(0.0, np.minimum(rising, falling))
    return weights * (2.0 / (edges[2:] - edges[:-2]))[:, None]


def _mel(hz: float) -> float:
    return float(hz / _LINEAR_HZ if hz < _BREAK_HZ else _BREAK_HZ / _LINEAR_HZ + np.log(hz / _BREAK_HZ) / _LOG_STEP)


def _hz(mels: NDArray[np.float64]) -> NDArray[np.float64]:
    break_mel = _BREAK_HZ / _LINEAR_HZ
    above = _BREAK_HZ * np.exp(_LOG_STEP * (mels - break_mel))
    hz: NDArray[np.float64] = np.where(mels < break_mel, mels * _LINEAR_HZ, above)
    return hz

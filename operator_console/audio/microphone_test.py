"""Judge a short recording: can a caller hear this operator?"""

from typing import Final

from operator_console.audio.messages import TestResult, Verdict
from operator_console.audio.problems import CLIPPING_REMEDY, PORTAUDIO_REMEDY, permission_remedy, silent_remedy
from operator_console.audio.sound import bytes_of_ms, clipped_share, peak, rms

LEAST_SECONDS: Final = 0.2
MOST_SECONDS: Final = 10.0
SILENT_PEAK: Final = 0.003
"""A recording that never gets louder than this (-50 dB) holds no voice."""
CLIPPING_SHARE: Final = 0.001
"""More samples than this at full scale are heard as distortion."""


def judge(pcm: bytes, device: str) -> TestResult:
    """Return the verdict on a recording; `device` is the microphone's name."""
    loudest, level = peak(pcm), rms(pcm)

    def result(verdict: Verdict, message: str, remedy: str = "") -> TestResult:
        return TestResult(
            verdict=verdict,
            peak=round(loudest, 4),
            rms=round(level, 4),
            message=message,
            remedy=remedy,
            device=device,
        )

    if loudest < SILENT_PEAK:
        return result(Verdict.SILENT, f"Nothing was heard from {device or 'the microphone'}.", silent_remedy())
    if clipped_share(pcm) > CLIPPING_SHARE:
        return result(Verdict.CLIPPING, "The microphone is too loud: the voice is distorted.", CLIPPING_REMEDY)
    return result(Verdict.OK, f"{device or 'The microphone'} is heard well.")


def length_of(seconds: float) -> int:
    """Return how many bytes a test of `seconds` records, within the limits of a test."""
    return bytes_of_ms(int(min(MOST_SECONDS, max(LEAST_SECONDS, seconds)) * 1000))


def no_device() -> TestResult:
    """Return the verdict on a microphone that delivers nothing at all; a `Problem` with the reason goes before it."""
    return TestResult(
        verdict=Verdict.NO_DEVICE,
        message="No microphone could be opened.",
        remedy="Plug a headset in, or choose another microphone.",
    )


def no_sound_card(remedy: str) -> TestResult:
    """Return the verdict where no sound card could be used at all; `remedy` is what the choice of a library found."""
    reasons = {
        PORTAUDIO_REMEDY: "PortAudio is not installed, and without it no microphone was found.",
        permission_remedy(): "The system does not let this program use the microphone.",
    }
    return TestResult(verdict=Verdict.NO_DEVICE, message=reasons.get(remedy, "There is no microphone."), remedy=remedy)

"""Play to who waits in a call what the worker makes itself: the hold tone, an announcement, or silence."""

from server.core.legs import Sound
from server.media.announcement import announcement_frame
from server.media.codecs import silence
from server.media.leg import Leg
from server.media.tone import tone_frame


def play(made: Sound | None, leg: Leg | None, number: int, *, beeps: bool) -> None:
    """Give `leg` frame `number` of `made`: 20 ms; nothing where nothing is made, or nobody is there."""
    if leg is None or made is None:
        return
    if made is Sound.ANNOUNCEMENT:
        leg.voice.hear(announcement_frame(leg.rate, number))
        return
    sounding = made is Sound.TONE and beeps
    leg.voice.hear(tone_frame(leg.rate, number) if sounding else silence(leg.rate))

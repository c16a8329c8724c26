"""Look after the operator's sound: louder and quieter, remembered choices, a test before going on duty.

Before: a key, or an order to go on duty. After: the microphone has its gain, or the order waits for a good test.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final, Protocol, TypeVar

from textual.screen import Screen

from operator_console.model.inputs import Input, Noticed, Tone
from operator_console.model.select import operator_me
from operator_console.model.state import DeskModel
from operator_console.tui.ports import Headset
from operator_console.tui.screens.audio import filters_done
from operator_console.tui.screens.microphone import MicrophoneCheck
from operator_console.tui.settings import SoundSettings
from operator_console.tui.widgets.call_bar import filter_words
from server.wire.commands import Command, SetPresence
from server.wire.terms import Presence

GAIN_STEP_DB: Final = 2.0
MOST_GAIN_DB: Final = 20.0
T = TypeVar("T")


class CareHost(Protocol):
    """What the care needs of the app."""

    model: DeskModel

    def ask(self, screen: Screen[T], then: Callable[[T], None]) -> None:
        """Open a screen and go on with its answer, if it gives one."""
        ...

    def dispatch(self, *inputs: Input) -> None:
        """Put inputs into the model."""
        ...

    def order(self, command: Command) -> None:
        """Send a command."""
        ...

    def background(self, group: str, work: Awaitable[None]) -> None:
        """Do work beside the screen, ending the group's older work."""
        ...


class SoundCare:
    """What is known of the microphone in this run of the console."""

    def __init__(self, host: CareHost, headset: Headset, settings: SoundSettings) -> None:
        """Take the app, the sound, and how it is set."""
        self._host = host
        self._headset = headset
        self._settings: Final = settings
        self._gain_db = settings.gain_db
        self._tested = False

    def louder(self, decibels: float) -> None:
        """Change the microphone's gain, and keep it for the next time."""
        self._gain_db = max(-MOST_GAIN_DB, min(MOST_GAIN_DB, self._gain_db + decibels))
        self._host.background("gain", self._headset.gain(self._gain_db))
        self._host.dispatch(Noticed(f"Microphone {self._gain_db:+.0f} dB."))
        self.remember({"gain_db": self._gain_db})

    def filter(self, *, echo: bool | None = None, noise: bool | None = None) -> None:
        """Switch filters of the microphone, say which are on, and keep that for the next time."""
        self._host.background("filter", self._filter(echo=echo, noise=noise))

    async def _filter(self, *, echo: bool | None, noise: bool | None) -> None:
        now = await self._headset.filter(echo=echo, noise=noise)
        done = filters_done(now, echo=echo, noise=noise)
        if done:  # else a problem has said why not
            self._host.dispatch(Noticed(f"Microphone: {filter_words(now) or 'no filter'}."))
            self.remember(done)

    def remember(self, values: Mapping[str, str | float]) -> None:
        """Keep settings of `[audio]`; what goes wrong is told, the choice holds until the console ends."""
        failure = self._settings.keep(values)
        if failure:
            self._host.dispatch(Noticed(f"Not kept for the next time: {failure}", Tone.WARNING))

    def lets(self, command: Command) -> bool:
        """Tell whether an order may go out now; going on duty may have to wait for a test of the microphone."""
        if not isinstance(command, SetPresence) or command.presence is not Presence.AVAILABLE:
            return True
        me = operator_me(self._host.model)
        on_duty = me is not None and me.presence is Presence.AVAILABLE
        if self._settings.test_before_available == "off" or self._tested or on_duty:
            return True
        check = MicrophoneCheck(self._headset, required=self._settings.test_before_available == "required")
        self._host.ask(check, lambda passed: self._go(command) if passed else None)
        return False

    def _go(self, command: Command) -> None:
        self._tested = True
        self._host.order(command)

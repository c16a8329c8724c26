"""Open the screens beside the desk, and leave it."""

from typing import Final, Protocol, TypeVar

from operator_console.model.select import my_call, selected_session
from operator_console.tui.ports import Desk, Headset
from operator_console.tui.screens.dialog import Confirm
from operator_console.tui.screens.history import HistoryScreen
from operator_console.tui.settings import ScreenSettings
from operator_console.tui.sound_care import CareHost, SoundCare
from operator_console.tui.staff import Staff
from operator_console.tui.supervisor import Supervisor

T = TypeVar("T")


class House(CareHost, Protocol):
    """What the doors need of the app."""

    def action_command_palette(self) -> None:
        """Open the command palette."""
        ...

    def leave_desk(self) -> None:
        """End the program, unsent texts kept."""
        ...


class Doors:
    """One method for each way out of the desk's screen."""

    def __init__(self, house: House, desk: Desk, headset: Headset, settings: ScreenSettings) -> None:
        """Take the app, and what the screens ask."""
        self._house = house
        self.desk = desk
        self._headset = headset
        self.zone = settings.zone
        self.sound: Final = SoundCare(house, headset, settings.sound)

    def audio(self) -> None:
        """Open the sound screen."""
        from operator_console.tui.screens.audio import AudioScreen  # noqa: PLC0415 - a screen is loaded when it is opened

        self._house.ask(AudioScreen(self._headset, self._house.model, self.sound.remember), _nothing)

    def history(self) -> None:
        """Open the history."""
        self._house.ask(HistoryScreen(self.desk, self._house.model, self.zone), _nothing)

    def digest(self) -> None:
        """Open the digest of the shift."""
        from operator_console.tui.screens.digest import DigestScreen  # noqa: PLC0415 - as above

        self._house.ask(DigestScreen(self.desk, self._house.model, self.zone), _nothing)

    def why(self) -> None:
        """Open the explanation of the selected session."""
        from operator_console.tui.screens.why import WhyScreen  # noqa: PLC0415 - as above

        model = self._house.model
        session = selected_session(model)
        if session is not None:
            self._house.ask(
                WhyScreen(self.desk, model, session.number, lambda: self._house.model.now, self.zone), _nothing
            )

    def team(self, staff: Staff) -> None:
        """Open the team; `staff` decides on breaks."""
        from operator_console.tui.screens.team import TeamScreen  # noqa: PLC0415 - as above

        screen = TeamScreen(self._house.model, lambda who, granted: staff.decide(who, granted=granted))
        self._house.ask(screen, _nothing)

    def wall(self, supervisor: Supervisor) -> None:
        """Open the wall; `supervisor` asks the broker for its figures."""
        from operator_console.tui.screens.wall import WallScreen  # noqa: PLC0415 - as above

        self._house.ask(
            WallScreen(self._house.model, lambda on: supervisor.show_wall(on=on), self._house.dispatch), _nothing
        )

    def help(self) -> None:
        """Open the help."""
        from operator_console.tui.screens.help import HelpScreen  # noqa: PLC0415 - as above

        self._house.ask(HelpScreen(self._house.model), _nothing)

    def palette(self) -> None:
        """Open the command palette."""
        self._house.action_command_palette()

    def quit(self) -> None:
        """Leave; in a call ask first."""
        call = my_call(self._house.model)
        if call is None:
            self._house.leave_desk()
            return
        detail = "The call goes on without you: the caller hears a tone. Start the console again to talk on."
        confirm = Confirm(f"Quit during {call.number}?", detail)
        self._house.ask(confirm, lambda yes: self._house.leave_desk() if yes else None)


def _nothing(_answer: None) -> None:
    """The screen gives no answer."""

"""Test the microphone before the operator goes on duty: speak, hear yourself, read the verdict."""

from typing import ClassVar, Final

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from typing_extensions import override

from operator_console.tui.lines import Line, Role
from operator_console.tui.ports import Headset, MicVerdict
from operator_console.tui.screens.audio import verdict_lines
from operator_console.tui.screens.dialog import Dialog
from operator_console.tui.widgets.line_pane import LineWidget

CHECK_SECONDS: Final = 2.0
_WIDTH: Final = 60


class Judged(Message):
    """The test is over."""

    def __init__(self, verdict: MicVerdict) -> None:
        """Carry what it found."""
        super().__init__()
        self.verdict = verdict


class MicrophoneCheck(Dialog[bool]):
    """Answers true when the operator may go on duty, false when not; a good microphone answers by itself."""

    BINDINGS: ClassVar[list[BindingType]] = [("t", "again", ""), ("g", "go", ""), ("escape", "leave", "")]

    def __init__(self, headset: Headset, *, required: bool) -> None:
        """Test through `headset`; when `required` a bad verdict can't be overruled."""
        super().__init__()
        self._headset = headset
        self._required = required
        self._lines = LineWidget(id="microphone")
        self.verdict: MicVerdict | None = None

    @override
    def compose(self) -> ComposeResult:
        """Show what to do, then what was found."""
        with Vertical(classes="box") as box:
            box.border_title = Content("Microphone, before you go on duty")
            yield self._lines

    def on_mount(self) -> None:
        """Begin at once."""
        self.action_again()

    def action_again(self) -> None:
        """Record, play back, judge."""
        self.verdict = None
        self._draw()
        self.run_worker(self._test(), group="check", exclusive=True)

    async def _test(self) -> None:
        self.post_message(Judged(await self._headset.test_microphone(CHECK_SECONDS)))

    def on_judged(self, message: Judged) -> None:
        """Go on with a good microphone; else say what is wrong with it."""
        self.verdict = message.verdict
        if message.verdict.ok:
            _ = self.dismiss(True)  # noqa: FBT003 - Textual's own way to answer
        else:
            self._draw()

    def action_go(self) -> None:
        """Go on duty all the same, where the rules let one."""
        if self.verdict is not None and not self._required:
            _ = self.dismiss(True)  # noqa: FBT003 - as above

    def action_leave(self) -> None:
        """Stay off duty."""
        _ = self.dismiss(False)  # noqa: FBT003 - as above

    def _draw(self) -> None:
        lines: list[Line]
        if self.verdict is None:
            lines = [
                ((f"Speak now, for {CHECK_SECONDS:.0f} seconds; then you hear yourself.", Role.STRONG),),
                (("esc", Role.KEY), (" stays off duty", Role.DIM)),
            ]
        else:
            over = () if self._required else (("   g", Role.KEY), (" goes on duty all the same", Role.DIM))
            keys: Line = (
                ("t", Role.KEY),
                (" tests again", Role.DIM),
                *over,
                ("   esc", Role.KEY),
                (" stays off", Role.DIM),
            )
            lines = [*verdict_lines(self.verdict, _WIDTH), (), keys]
        self._lines.styles.height = len(lines)
        self._lines.set_lines(tuple(lines))

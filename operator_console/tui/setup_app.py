"""Show the set-up: one question at a time, each answer proven at the broker before it is written down.

Before: the console was started without a token, or `operator-console setup`. After: the desk or the tour can be opened,
or the operator left and will be asked for the rest next time.
"""

from collections.abc import Mapping
from typing import ClassVar, Final, Protocol

from textual.app import App, ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.widgets import Input
from textual.worker import Worker
from typing_extensions import override

from operator_console.model.first_run import (
    FIRST_KEYS,
    ORDER,
    TEXTS,
    TITLES,
    Choice,
    FirstRun,
    SetupStep,
    back,
    explained,
    proven,
)
from operator_console.model.inputs import Input as Event
from operator_console.model.inputs import Levels
from operator_console.model.keys import key_of
from operator_console.model.state import DeskModel
from operator_console.model.update import update
from operator_console.tui.lines import Line, Role, wrapped
from operator_console.tui.ports import DeskError, Headset
from operator_console.tui.screens.audio import AudioScreen
from operator_console.tui.shows import Shows
from operator_console.tui.themes import DEFAULT_VARIABLES, dress
from operator_console.tui.widgets.line_pane import LineWidget
from server.wire.errors import ErrorBody


class Proof(Protocol):
    """What the set-up asks of the outside; each method proves an answer, writes it down, and says what it found."""

    async def broker(self, url: str) -> str:
        """Prove an address.

        Raises:
            DeskError: it is none, nobody answers, its certificate is not trusted, it is another version or no broker.
        """
        ...

    async def token(self, url: str, token: str) -> str:
        """Prove a token at a broker.

        Raises:
            DeskError: it is refused, is not an operator's, or can't be kept.
        """
        ...

    def sound(self, values: Mapping[str, str | float]) -> str:
        """Keep devices or gain for the next time; return why that failed, or nothing."""
        ...


class Page(LineWidget):
    """What is asked, what is known, and what went wrong."""

    def show(self, run: FirstRun, keys: DeskModel) -> None:
        """Draw the step."""
        width = max(min(self.screen.size.width - 8, 92), 30)
        at = ORDER.index(run.step)
        lines: list[Line] = [
            ((f"Set-up {at + 1} of {len(ORDER)}   ", Role.DIM), (TITLES[run.step], Role.STRONG)),
            (),
            *(((f"✓ {said}", Role.GOOD),) for said in run.known),
            *(((part, Role.PLAIN),) for part in wrapped(TEXTS[run.step], width)),
        ]
        if run.step is SetupStep.KEYS:
            lines += [
                ((f"{key_of(keys.keys, id_, default):>5}", Role.KEY), (f"  {does}", Role.PLAIN))
                for id_, default, does in FIRST_KEYS
            ]
        if run.busy:
            lines += [(), (("Asking the broker …", Role.WARN),)]
        if run.problem is not None:
            first, *more = wrapped(run.problem.message, width - 2)
            lines += [(), ((f"✗ {first}", Role.BAD),), *(((f"  {part}", Role.BAD),) for part in more)]
            lines += [((part, Role.WARN),) for part in wrapped(run.problem.hint, width) if part]
        self.set_lines(tuple(lines))
        self.styles.height = len(lines)


ENDINGS: Final = {
    SetupStep.BROKER: "enter proves it · ctrl+q leaves, and goes on here next time",
    SetupStep.TOKEN: "enter proves it · esc back · ctrl+q leaves, and goes on here next time",
    SetupStep.SOUND: "s sound page · enter goes on · esc back · ctrl+q leaves",
    SetupStep.KEYS: "enter opens the desk · t takes the two-minute tour · esc back · ctrl+q leaves",
}


class SetupApp(App[Choice]):
    """The set-up's screen."""

    CSS_PATH = "theme.tcss"
    TITLE = "Set-up"
    ENABLE_COMMAND_PALETTE = False
    AUTO_FOCUS = ""
    BINDINGS: ClassVar[list[BindingType]] = [
        ("escape", "step_back", ""),
        ("enter", "go_on", ""),
        ("s", "sound", ""),
        ("t", "tour", ""),
    ]

    def __init__(self, proof: Proof, headset: Headset | None, begin: FirstRun, keys: DeskModel, theme: str) -> None:
        """Take who proves answers, the sound (None: there is none), where to begin, and the keys in force."""
        super().__init__()
        self.animation_level = "none"
        dress(self, theme)
        self.run_state = begin
        self.model = keys
        self._proof = proof
        self._headset = headset
        self._proving: Worker[None] | None = None
        self._page = Page(id="page")
        self._hint = LineWidget(id="ending")
        self._box = Input(id="answer", max_length=4_096, select_on_focus=False)

    @override
    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Give themes that are not ours the desk's own colours."""
        return dict(DEFAULT_VARIABLES)

    @override
    def compose(self) -> ComposeResult:
        """Stack the page, the box and the line of keys."""
        with Vertical(id="setup"):
            yield self._page
            yield self._box
            yield self._hint

    def on_mount(self) -> None:
        """Show the first open step and listen to the sound."""
        self._box.cursor_blink = False
        if self._headset is not None:
            self.run_worker(self._listen(self._headset), group="headset")
        self._enter(self.run_state)

    async def _listen(self, headset: Headset) -> None:
        async for event in headset.events():
            self._take(event)

    def _take(self, event: Event) -> None:
        self.model = update(self.model, event)
        for screen in self.screen_stack:
            if isinstance(screen, Shows):
                (screen.show_meters if isinstance(event, Levels) else screen.show)(self.model)

    def _enter(self, run: FirstRun) -> None:
        """Show a step from its beginning."""
        asks = run.step in {SetupStep.BROKER, SetupStep.TOKEN}
        self._box.display = asks
        self._box.password = run.step is SetupStep.TOKEN
        self._box.value = run.url if run.step is SetupStep.BROKER else ""
        self._box.placeholder = "https://desk.example.com" if run.step is SetupStep.BROKER else "op_…"
        self._box.cursor_position = len(self._box.value)
        self.set_focus(self._box if asks else None)
        self._show(run)

    def _show(self, run: FirstRun) -> None:
        self.run_state = run
        self._page.show(run, self.model)
        self._hint.set_lines((((ENDINGS[run.step], Role.DIM),),))

    def on_resize(self) -> None:
        """Wrap to the new width."""
        self._show(self.run_state)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Prove what was written."""
        run, text = self.run_state, event.value.strip()
        if text and not run.busy:
            self._show(FirstRun(run.step, run.url, run.known, busy=True))
            self._proving = self.run_worker(self._prove(run, text), group="proof", exclusive=True)

    async def _prove(self, run: FirstRun, text: str) -> None:
        try:
            if run.step is SetupStep.BROKER:
                after = proven(run, run.step, await self._proof.broker(text), text)
            else:
                after = proven(run, run.step, await self._proof.token(run.url, text))
        except DeskError as error:
            url = text if run.step is SetupStep.BROKER else run.url
            self._show(FirstRun(run.step, url, run.known, explained(error.body)))
        else:
            self._enter(after)

    def action_step_back(self) -> None:
        """Go one step back; what is being proven is forgotten."""
        if self._proving is not None:
            self._proving.cancel()
        self._enter(back(self.run_state))

    def action_go_on(self) -> None:
        """Go on from a step that asks nothing."""
        if self.run_state.step is SetupStep.SOUND:
            self._enter(proven(self.run_state, SetupStep.SOUND, "Sound can be changed at any time with s."))
        elif self.run_state.step is SetupStep.KEYS:
            self.exit(Choice.DESK)

    def action_sound(self) -> None:
        """Open the sound page."""
        if self.run_state.step is not SetupStep.SOUND:
            return
        if self._headset is None:
            told = ErrorBody(
                "no_sound", "There is no sound here.", "Chats need none; operator-console doctor says more."
            )
            self._show(FirstRun(SetupStep.SOUND, self.run_state.url, self.run_state.known, told))
            return
        _ = self.push_screen(AudioScreen(self._headset, self.model, self._remember))

    def _remember(self, values: Mapping[str, str | float]) -> None:
        """Keep what was chosen on the sound page; say why that failed."""
        problem = self._proof.sound(values)
        if problem:
            told = ErrorBody("bad_config", f"Not kept: {problem}", "Check that the configuration can be written.")
            self._show(FirstRun(self.run_state.step, self.run_state.url, self.run_state.known, told))

    def action_tour(self) -> None:
        """Take the tour."""
        if self.run_state.step is SetupStep.KEYS:
            self.exit(Choice.TOUR)

    def action_do(self, _id: str) -> None:
        """Leave the desk's own keys without a deed here."""

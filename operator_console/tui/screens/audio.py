"""Let the operator choose microphone and speaker, see the level, and test the microphone in three seconds."""

import math
from collections.abc import Callable, Mapping
from typing import ClassVar, Final

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.message import Message
from typing_extensions import override

from operator_console.model.clean import line
from operator_console.model.inputs import MicFilters
from operator_console.model.select import my_call
from operator_console.model.state import DeskModel
from operator_console.tui.keymap import bindings
from operator_console.tui.layer import Layer
from operator_console.tui.lines import Line, Role, fitted, wrapped
from operator_console.tui.ports import AudioDevice, AudioSetup, Headset, MicVerdict
from operator_console.tui.widgets.call_bar import CallBar, meter
from operator_console.tui.widgets.line_pane import LinePane

TEST_SECONDS: Final = 3.0
FLOOR_DB: Final = -60.0
"""An amplitude below this shows an empty meter."""


def loudness(rms: float) -> float:
    """Return an amplitude of 0..1 as a meter shows it, 0..1, on a scale of decibels."""
    return max(0.0, 1.0 - 20 * math.log10(min(rms, 1.0)) / FLOOR_DB) if rms > 0 else 0.0


def device_line(device: AudioDevice, *, cursor: bool, width: int) -> Line:
    """Return a device's line: what it can do, whether it is in use, its name."""
    kind = " and ".join(word for word, has in (("mic", device.microphone), ("speaker", device.speaker)) if has)
    used = " + ".join(
        word
        for word, has in (
            ("mic", device.chosen_microphone),
            ("speaker", device.chosen_speaker),
            ("alerts", device.chosen_alert),
        )
        if has
    )
    name = fitted(line(device.name), max(width - 42, 10))
    return (
        ("› " if cursor else "  ", Role.STRONG),
        (name, Role.STRONG if used else Role.PLAIN),
        (f"  {kind:<17}", Role.DIM),
        (f"in use: {used}" if used else "", Role.GOOD),
    )


def verdict_lines(verdict: MicVerdict, width: int) -> list[Line]:
    """Return what a test found: a word, the level, the sentence, the remedy."""
    word, role = ("GOOD  ", Role.GOOD) if verdict.ok else ("NOT GOOD  ", Role.BAD)
    said = wrapped(line(verdict.message), width - len(word)) or [""]
    lines: list[Line] = [((word, role), (said[0], Role.PLAIN))]
    lines += [((" " * len(word), role), (more, Role.PLAIN)) for more in said[1:]]
    lines.append(
        (
            ("level ", Role.DIM),
            (meter(loudness(verdict.level), 20), Role.GOOD),
            ("  peak ", Role.DIM),
            (f"{verdict.peak:.2f}", Role.PLAIN),
        )
    )
    lines += [((text, Role.WARN),) for text in wrapped(line(verdict.remedy), width) if text]
    return lines


def filters_done(now: MicFilters, *, echo: bool | None, noise: bool | None) -> dict[str, bool]:
    """Return the settings to keep after filters were switched; without those that could not be switched on."""
    wanted = (("echo_cancellation", echo, now.echo), ("noise_suppression", noise, now.noise))
    return {name: on for name, wish, on in wanted if wish is not None and wish == on}


def _on_off(*, on: bool) -> Role:
    return Role.GOOD if on else Role.DIM


class SetupKnown(Message):
    """The devices are known (again)."""

    def __init__(self, setup: AudioSetup) -> None:
        """Carry them."""
        super().__init__()
        self.setup = setup


class MeterStopped(Message):
    """The meter is off: the screen may close."""


class Tested(Message):
    """The microphone test is over."""

    def __init__(self, verdict: MicVerdict) -> None:
        """Carry what it found."""
        super().__init__()
        self.verdict = verdict


class AudioPane(LinePane):
    """Devices, meter and the test's result."""

    def __init__(self) -> None:
        """Start before the devices are known."""
        super().__init__(id="audio")
        self.set_title("Sound")
        self.set_hint("enter uses it · a alerts · t tests · u looks again · - + gain · esc back")
        self.setup: AudioSetup | None = None
        self.at = 0
        self.testing = False
        self.verdict: MicVerdict | None = None
        self._model = DeskModel()
        self._content: tuple[Line, ...] = ()

    def show(self, model: DeskModel) -> None:
        """Draw the meter of now."""
        self._model = model
        self.redraw()

    def redraw(self) -> None:
        """Draw what is known."""
        self._content = tuple(self._compose_lines(max(self.scrollable_content_region.width, 20)))
        self.lines_changed()

    def _compose_lines(self, width: int) -> list[Line]:
        if self.setup is None:
            return [(("Looking for devices …", Role.DIM),)]
        setup = self.setup
        lines: list[Line] = [(("Backend  ", Role.LABEL), (line(setup.backend), Role.PLAIN))]
        lines += [((text, Role.WARN),) for text in wrapped(line(setup.note), width) if text]
        lines += [(), (("Devices", Role.LABEL),)]
        if not setup.devices:
            lines.append((("  none", Role.BAD), ("  plug a headset in and press u", Role.DIM)))
        lines += [device_line(device, cursor=n == self.at, width=width) for n, device in enumerate(setup.devices)]
        lines += [(), self._meter_line(), *self._filter_lines(width), ()]
        return [*lines, *self._test_lines(width)]

    def _meter_line(self) -> Line:
        in_call = " · live call: the caller hears you" if my_call(self._model) else ""
        return (
            ("Microphone ", Role.LABEL),
            (meter(self._model.headset.own, 24), Role.GOOD),
            (in_call, Role.WARN),
        )

    def _filter_lines(self, width: int) -> list[Line]:
        filters, problem = self._model.headset.filters, self._model.headset.problem
        line_: list[tuple[str, Role]] = [("Filters    ", Role.LABEL)]
        for key, what, on in (("e", "echo", filters.echo), ("n", "noise", filters.noise)):
            line_ += [(key, Role.KEY), (f" {what} ", Role.PLAIN), ("ON   " if on else "off   ", _on_off(on=on))]
        lines: list[Line] = [tuple(line_)]
        if problem is not None and problem.code.startswith("filters_"):
            told = wrapped(line(f"{problem.message} {problem.remedy}"), width - 11)
            lines += [(("           ", Role.PLAIN), (text, Role.WARN)) for text in told]
        return lines

    def _test_lines(self, width: int) -> list[Line]:
        head: Line = (("Test       ", Role.LABEL),)
        if self.testing:
            return [(*head, (f"speak now, for {TEST_SECONDS:.0f} seconds; then you hear yourself …", Role.WARN))]
        if self.verdict is None:
            return [(*head, ("t", Role.KEY), (" records 3 seconds, plays them back, and says how it is", Role.DIM))]
        first, *rest = verdict_lines(self.verdict, width - 11)
        return [(*head, *first), *((("           ", Role.PLAIN), *more) for more in rest)]

    @override
    def line_count(self) -> int:
        """Return the number of lines."""
        return len(self._content)

    @override
    def line_at(self, y: int) -> tuple[Line, Role | None]:
        """Return one line."""
        return self._content[y], None

    def on_resize(self) -> None:
        """Fit the new width."""
        self.redraw()


class AudioScreen(Layer[None]):
    """The sound screen; mute works here too."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("escape,q", "leave", ""),
        ("down,j", "move(1)", ""),
        ("up,k", "move(-1)", ""),
        ("enter", "use", ""),
        ("t", "test", ""),
        ("u", "look", ""),
        ("a", "alert", ""),
        ("e", "echo", ""),
        ("n", "noise", ""),
        *bindings("call.mute", "audio.louder", "audio.quieter"),
    ]
    DEFAULT_CLASSES = "full"

    def __init__(
        self, headset: Headset, model: DeskModel, remember: Callable[[Mapping[str, str | float]], None]
    ) -> None:
        """Take the headset to ask, the model to begin with, and who remembers a choice."""
        self._remember = remember
        super().__init__(id="audio_screen")
        self._headset = headset
        self._model = model
        self.pane = AudioPane()
        self._bar = CallBar()

    @override
    def compose(self) -> ComposeResult:
        """Fill the screen with the pane over the call bar."""
        yield self.pane
        yield self._bar

    def on_mount(self) -> None:
        """Draw what is known already; ask for the devices and for levels."""
        self._draw()
        self.action_look()
        self.run_worker(self._headset.meter(on=True), group="meter")

    def show(self, model: DeskModel) -> None:
        """Draw the model."""
        self._model = model
        if self.is_mounted:
            self._draw()

    def _draw(self) -> None:
        self.pane.show(self._model)
        self._bar.show(self._model)

    def show_meters(self, model: DeskModel) -> None:
        """Draw the levels."""
        self.show(model)

    def action_move(self, step: int) -> None:
        """Move the cursor over the devices."""
        setup = self.pane.setup
        if setup is not None and setup.devices:
            self.pane.at = (self.pane.at + step) % len(setup.devices)
            self.pane.redraw()

    def action_look(self) -> None:
        """Look for devices again."""
        self.run_worker(self._look(), group="devices", exclusive=True)

    def action_use(self) -> None:
        """Use the device under the cursor for what it can do."""
        setup = self.pane.setup
        if setup is not None and setup.devices:
            self.run_worker(self._use(setup.devices[self.pane.at]), group="devices", exclusive=True)

    def action_alert(self) -> None:
        """Let alerts sound on the device under the cursor, or, if they do, on none."""
        setup = self.pane.setup
        if setup is not None and setup.devices and setup.devices[self.pane.at].speaker:
            self.run_worker(self._use_for_alerts(setup.devices[self.pane.at]), group="devices", exclusive=True)

    async def _use_for_alerts(self, device: AudioDevice) -> None:
        id_ = "" if device.chosen_alert else device.id
        self.post_message(SetupKnown(await self._headset.choose(alert=id_)))
        self._remember({"alert_speaker": id_})
        if id_:
            await self._headset.alert(urgent=True, loud=False)

    def action_echo(self) -> None:
        """Switch echo cancellation."""
        self.run_worker(self._filter(echo=not self._model.headset.filters.echo), group="filter", exclusive=True)

    def action_noise(self) -> None:
        """Switch noise suppression."""
        self.run_worker(self._filter(noise=not self._model.headset.filters.noise), group="filter", exclusive=True)

    async def _filter(self, *, echo: bool | None = None, noise: bool | None = None) -> None:
        done = filters_done(await self._headset.filter(echo=echo, noise=noise), echo=echo, noise=noise)
        if done:
            self._remember(done)

    def action_test(self) -> None:
        """Test the microphone; not in a live call, whose microphone is in use."""
        if my_call(self._model) is not None:
            level = self._model.headset.own
            told = "In a live call the meter above is the test."
            self.pane.verdict = MicVerdict(ok=True, level=level, peak=level, message=told)
            self.pane.redraw()
        elif not self.pane.testing:
            self.pane.testing = True
            self.pane.redraw()
            self.run_worker(self._test(), group="test", exclusive=True)

    def action_leave(self) -> None:
        """Stop the meter and go back to the desk."""
        self.run_worker(self._stop_meter(), group="meter")

    async def _stop_meter(self) -> None:
        await self._headset.meter(on=False)
        self.post_message(MeterStopped())

    async def _look(self) -> None:
        self.post_message(SetupKnown(await self._headset.setup()))

    async def _use(self, device: AudioDevice) -> None:
        microphone = device.id if device.microphone else ""
        speaker = device.id if device.speaker else ""
        self.post_message(SetupKnown(await self._headset.choose(microphone=microphone, speaker=speaker)))
        chosen = {"microphone": microphone, "speaker": speaker}
        self._remember({what: id_ for what, id_ in chosen.items() if id_})

    async def _test(self) -> None:
        self.post_message(Tested(await self._headset.test_microphone(TEST_SECONDS)))

    def on_meter_stopped(self) -> None:
        """Go back to the desk."""
        _ = self.dismiss(None)

    def on_setup_known(self, message: SetupKnown) -> None:
        """Show the devices, with the cursor kept inside them."""
        self.pane.setup = message.setup
        self.pane.at = min(self.pane.at, max(len(message.setup.devices) - 1, 0))
        self.pane.redraw()

    def on_tested(self, message: Tested) -> None:
        """Show what the test found."""
        self.pane.testing = False
        self.pane.verdict = message.verdict
        self.pane.redraw()

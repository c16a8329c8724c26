"""List, choose and try what the operator hears and speaks with."""

from typing import TYPE_CHECKING, Annotated, Final

import typer

from operator_console.cli import output
from operator_console.cli.config_file import save
from operator_console.cli.failure import CommandError
from operator_console.cli.invocation import Invocation
from operator_console.cli.options import Json
from operator_console.cli.sound_start import audio_log, audio_options
from operator_console.config import ConfigError, ConsoleConfig
from server.wire.errors import ErrorBody

if TYPE_CHECKING:
    from operator_console.audio.messages import Devices, TestResult

DUTY_TEST_SECONDS: Final = 3.0
"""How long the microphone is listened to before duty."""
SETTINGS = {"alert": "alert_speaker", "echo": "echo_cancellation", "noise": "noise_suppression"}
"""Settings of `[audio]` that the options here call otherwise."""


def add_to(app: typer.Typer) -> None:
    """Offer this command."""
    app.command()(devices)


def devices(
    context: typer.Context,
    *,
    microphone: Annotated[str | None, typer.Option(help="Speak with this device (its id) from now on.")] = None,
    speaker: Annotated[str | None, typer.Option(help="Hear with this device (its id) from now on.")] = None,
    alert: Annotated[str | None, typer.Option(help="Alerts sound on this device (its id); '' is none.")] = None,
    echo: Annotated[bool | None, typer.Option(help="Take the caller's echo out of the microphone.")] = None,
    noise: Annotated[bool | None, typer.Option(help="Take the room's noise out of the microphone.")] = None,
    test: Annotated[float, typer.Option(min=0, max=10, help="Record so many seconds, play them back, judge.")] = 0,
    as_json: Json = False,
) -> None:
    """List microphones and speakers; choose them; test the microphone."""
    invocation = context.find_root().ensure_object(Invocation)
    asked = (("microphone", microphone), ("speaker", speaker), ("alert", alert))
    chosen = {name: id_ for name, id_ in asked if id_ is not None}
    filters = {name: on for name, on in (("echo", echo), ("noise", noise)) if on is not None}
    listed, result = invocation.run(lambda: _ask(invocation.config, chosen, filters, test))
    _refuse_unknown(listed, chosen)
    if chosen or filters:
        values: dict[str, str | float] = {**chosen, **filters}
        try:
            save(invocation.config.path, "audio", {SETTINGS.get(name, name): value for name, value in values.items()})
        except ConfigError as error:
            raise CommandError(ErrorBody("bad_config", str(error))) from error
    if as_json:
        output.data({"devices": listed, "test": result})
    else:
        output.lines(_lines(listed))
        for line in [listed.remedy, *([f"{result.message} {result.remedy}"] if result else [])]:
            if line.strip():
                output.talk(line)
    if result is not None and result.remedy:
        raise CommandError(ErrorBody("microphone", result.message, result.remedy))


def check_before_duty(invocation: Invocation) -> None:
    """Test the microphone where the settings ask for it before duty, and tell what was found.

    Raises:
        CommandError: it is `required`, and the microphone is not heard well.
    """
    policy = invocation.config.settings.audio.test_before_available
    if policy == "off":
        return
    output.talk(f"Testing the microphone for {DUTY_TEST_SECONDS:.0f} s: say something.")
    try:
        _, result = invocation.run(lambda: _ask(invocation.config, {}, {}, DUTY_TEST_SECONDS))
        body = ErrorBody("microphone", result.message, result.remedy) if result is not None and result.remedy else None
    except CommandError as error:
        body = error.body
    if body is None:
        return
    if policy == "required":
        raise CommandError(body)
    output.talk(f"{body.message} {body.hint}")


async def _ask(
    config: ConsoleConfig, chosen: dict[str, str], filters: dict[str, bool], test: float
) -> "tuple[Devices, TestResult | None]":
    from operator_console.audio.checks import Conversation  # noqa: PLC0415 - --help needs no audio
    from operator_console.audio.client import AudioProcess  # noqa: PLC0415
    from operator_console.audio.messages import (  # noqa: PLC0415
        Devices,
        Filter,
        Filtering,
        ListDevices,
        Select,
        TestMicrophone,
        TestResult,
    )

    process = AudioProcess(audio_options(config), log_path=audio_log(config))
    await process.start()
    try:
        conversation = Conversation(process)
        now = await conversation.answer(Filter(**filters), Filtering, 20.0) if filters else None
        if now is not None and any(on and not getattr(now, name) for name, on in filters.items()):
            problem = conversation.problems[-1]
            raise CommandError(ErrorBody(problem.code, problem.message, problem.remedy))
        if chosen:
            await process.send(Select(**chosen))
        listed = await conversation.answer(ListDevices(), Devices, 20.0)
        result = None
        if test:
            result = await conversation.answer(TestMicrophone(seconds=max(test, 0.2)), TestResult, test * 2 + 15.0)
    finally:
        await process.stop()
    if listed is None:
        first = conversation.problems[0] if conversation.problems else None
        message = first.message if first else "The audio process did not answer."
        raise CommandError(ErrorBody("no_sound", message, first.remedy if first else "Run operator-console doctor."))
    return listed, result


def _refuse_unknown(listed: "Devices", chosen: dict[str, str]) -> None:
    for direction, id_ in chosen.items():
        able = [d.id for d in listed.devices if (d.microphone if direction == "microphone" else d.speaker)]
        if id_ and id_ not in able:
            raise CommandError(
                ErrorBody("no_such_device", f"There is no {direction} {id_}.", f"There are: {', '.join(able)}.")
            )


def _lines(listed: "Devices") -> list[str]:
    def use(*, able: bool, chosen: bool, default: bool) -> str:
        return "" if not able else "chosen" if chosen else "default" if default else "yes"

    rows = [
        (
            device.id,
            device.name,
            use(able=device.microphone, chosen=device.id == listed.microphone, default=device.default_microphone),
            use(able=device.speaker, chosen=device.id == listed.speaker, default=device.default_speaker),
            "alerts" if device.speaker and device.id == listed.alert else "",
        )
        for device in listed.devices
    ]
    return [f"Backend: {listed.backend}", *output.table(("id", "name", "microphone", "speaker", "alerts"), rows)]

"""Find out whether this console can work here, and name the remedy for what is in its way."""

from collections.abc import AsyncIterator, Callable
from typing import Annotated

import typer

from operator_console.cli import output
from operator_console.cli.doctor_checks import (
    Finding,
    Health,
    config_finding,
    failed,
    keys_finding,
    python_finding,
    terminal_findings,
    token_finding,
)
from operator_console.cli.failure import CommandError
from operator_console.cli.invocation import Invocation
from operator_console.cli.options import Json
from operator_console.cli.sound_start import audio_options
from operator_console.exit_codes import ExitCode

_MARKS = {Health.OK: "ok  ", Health.WARN: "warn", Health.FAIL: "FAIL"}


def add_to(app: typer.Typer) -> None:
    """Offer this command."""
    app.command()(doctor)


def doctor(
    context: typer.Context,
    *,
    audio: Annotated[bool, typer.Option(help="Check sound too.")] = True,
    microphone: Annotated[bool, typer.Option(help="Listen to the microphone for a second.")] = True,
    as_json: Json = False,
) -> None:
    """Check Python, configuration, token, broker, terminal and sound; exit 1 if something fails."""
    invocation = context.find_root().ensure_object(Invocation)
    findings: list[Finding] = []

    def found(finding: Finding) -> None:
        findings.append(finding)
        if not as_json:
            output.lines(_lines(finding))

    async def look() -> None:
        async for finding in _findings(invocation, audio=audio, microphone=microphone):
            found(finding)

    invocation.run(look)
    if as_json:
        output.data(findings)
    if any(finding.health is Health.FAIL for finding in findings):
        raise typer.Exit(ExitCode.REFUSED)


async def _findings(invocation: Invocation, *, audio: bool, microphone: bool) -> AsyncIterator[Finding]:
    """Yield one finding after the other; what depends on a failed one is left out."""
    yield python_finding()
    config = _attempt("configuration", lambda: config_finding(invocation.config))
    yield config
    if config.health is not Health.FAIL:
        yield _attempt("keys", lambda: keys_finding(len(invocation.key_plan.keys), len(invocation.key_plan.macros)))
        async for finding in _broker(invocation):
            yield finding
    for finding in terminal_findings():
        yield finding
    if audio and config.health is not Health.FAIL:
        from operator_console.cli.doctor_sound import sound_findings  # noqa: PLC0415 - loads the audio part

        for finding in await sound_findings(audio_options(invocation.config), microphone=microphone):
            yield finding


async def _broker(invocation: Invocation) -> AsyncIterator[Finding]:
    from operator_console.cli.doctor_broker import broker_findings  # noqa: PLC0415 - loads the network part

    token = _attempt("token", lambda: token_finding(invocation.token))
    yield token
    async for finding in broker_findings(invocation, has_token=token.health is not Health.FAIL):
        yield finding


def _attempt(name: str, look: Callable[[], Finding]) -> Finding:
    try:
        return look()
    except CommandError as failure:
        return failed(name, failure.body)


def _lines(finding: Finding) -> list[str]:
    lines = [f"{_MARKS[finding.health]} {finding.name}: {finding.detail}"]
    return [*lines, f"     → {finding.remedy}"] if finding.remedy and finding.health is not Health.OK else lines

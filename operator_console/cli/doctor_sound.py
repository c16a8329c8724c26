"""Judge the sound of this machine with the audio process that calls use."""

from operator_console.audio.checks import Check, check_audio
from operator_console.audio.options import AudioOptions
from operator_console.cli.doctor_checks import Finding, Health


async def sound_findings(options: AudioOptions, *, microphone: bool) -> list[Finding]:
    """Return what the audio part found; a chosen file backend and a quiet microphone are warnings, no failures."""
    checks = await check_audio(options, microphone=microphone)
    return [finding(check, chosen_files=options.backend in {"file", "null"}) for check in checks]


def finding(check: Check, *, chosen_files: bool) -> Finding:
    """Return a check of the audio part as a line of the doctor."""
    if check.ok:
        return Finding(check.name, Health.OK, check.detail)
    mild = chosen_files or check.name in {"microphone", "microphone filters"}
    return Finding(check.name, Health.WARN if mild else Health.FAIL, check.detail, check.remedy)

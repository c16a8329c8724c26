"""Where no sound card can be used, the microphone test and the doctor say why, and what to do."""

import os
from pathlib import Path

import pytest

from operator_console.audio.checks import check_audio
from operator_console.audio.messages import TestMicrophone, TestResult, Verdict
from operator_console.audio.options import AudioOptions
from operator_console.audio.problems import NO_DEVICE_REMEDY, PORTAUDIO_REMEDY
from tests import needs
from tests.fakes.audio_console import audio_console

pytestmark = pytest.mark.integration


@pytest.fixture
def no_sound_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No sound server answers, no ALSA card is there."""
    for name in ("PULSE_SERVER", "XDG_RUNTIME_DIR", "HOME"):
        monkeypatch.setenv(name, f"unix:{tmp_path}/none" if name == "PULSE_SERVER" else str(tmp_path))
    monkeypatch.setenv("PULSE_RUNTIME_PATH", str(tmp_path))


@pytest.mark.parametrize(("library", "says"), [(True, "There is no microphone"), (False, "PortAudio is not installed")])
async def test_where_no_sound_card_can_be_used_the_microphone_test_and_the_doctor_say_why_and_what_to_do(
    library: bool, says: str, no_sound_server: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if library:
        needs.require(needs.PORTAUDIO)
    else:  # as `import sounddevice` fails without PortAudio
        (tmp_path / "sounddevice.py").write_text('raise OSError("PortAudio library not found")')
        monkeypatch.setenv("PYTHONPATH", f"{tmp_path}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")
    remedy = NO_DEVICE_REMEDY if library else PORTAUDIO_REMEDY
    async with audio_console(AudioOptions(), tmp_path / "audio.log") as it:
        await it.process.send(TestMicrophone(seconds=0.2))
        result = await it.told_of(TestResult)
        assert result.verdict is Verdict.NO_DEVICE
        assert says in result.message
        assert result.remedy == remedy
    checks = {check.name: check for check in await check_audio(AudioOptions())}
    assert not checks["audio library"].ok
    assert checks["audio library"].remedy == remedy

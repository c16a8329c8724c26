"""What the sound page does, a shell does too: devices, filters, the speaker for alerts, and what is wrong with them."""

import json
import sys
import wave
from pathlib import Path

import pytest

from operator_console.cli.app import run
from operator_console.config import AudioSettings, parse
from operator_console.exit_codes import ExitCode
from tests import needs

pytestmark = pytest.mark.integration


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A configuration without a sound card."""
    path = tmp_path / "config" / "operator-console" / "config.toml"
    path.parent.mkdir(parents=True)
    path.write_text('[audio]\nbackend = "file"\n')
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return path


def kept(config: Path) -> AudioSettings:
    return parse(config.read_text()).audio


@needs.webrtc
def test_filters_and_the_speaker_for_alerts_are_chosen_in_a_shell_and_kept(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["devices", "--json"]) == ExitCode.OK
    speaker = next(one["id"] for one in json.loads(capsys.readouterr().out)["devices"]["devices"] if "speaker" in one)
    assert run(["devices", "--echo", "--noise", "--alert", speaker]) == ExitCode.OK
    assert (kept(config).echo_cancellation, kept(config).noise_suppression) == (True, True)
    assert kept(config).alert_speaker == speaker
    assert "alerts" in capsys.readouterr().out
    assert run(["devices", "--no-echo", "--alert", ""]) == ExitCode.OK
    assert (kept(config).echo_cancellation, kept(config).noise_suppression) == (False, True)
    assert kept(config).alert_speaker == ""


def test_an_unknown_speaker_for_alerts_is_refused_and_nothing_is_kept(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["devices", "--alert", "the cellar"]) != ExitCode.OK
    assert "the cellar" in capsys.readouterr().err
    assert kept(config).alert_speaker == ""


def test_filters_that_are_not_installed_are_refused_with_the_line_that_installs_them_and_not_kept(
    config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "pywebrtc_audio.py").write_text('raise ImportError("not here")')
    monkeypatch.setenv("PYTHONPATH", ":".join([str(tmp_path), *filter(None, sys.path)]))
    assert run(["devices", "--echo"]) != ExitCode.OK
    assert "pip install 'operator-console[webrtc]'" in capsys.readouterr().err
    assert not kept(config).echo_cancellation
    config.write_text('[audio]\nbackend = "file"\nnoise_suppression = true\n')
    run(["doctor"])
    assert "pip install 'operator-console[webrtc]'" in "".join(capsys.readouterr())


@pytest.mark.parametrize(("policy", "code"), [("required", ExitCode.REFUSED), ("warn", ExitCode.NOT_AUTHORISED)])
def test_duty_waits_for_a_microphone_that_is_heard_where_that_is_required(
    config: Path, tmp_path: Path, policy: str, code: ExitCode, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without a token it gets no further: the test of the microphone comes before anything is sent."""
    silence = tmp_path / "silence.wav"
    with wave.open(str(silence), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(bytes(16_000))
    config.write_text(f'[audio]\nbackend = "file"\nfile_microphone = "{silence}"\ntest_before_available = "{policy}"\n')
    assert run(["duty", "on"]) == code
    assert "Nothing was heard from" in capsys.readouterr().err
    assert run(["duty", "off"]) == ExitCode.NOT_AUTHORISED, "nobody is tested for leaving"
    assert "Nothing was heard from" not in capsys.readouterr().err

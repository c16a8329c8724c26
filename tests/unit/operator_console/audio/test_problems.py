"""Each of the four things that go wrong with a microphone has its reason and a remedy that helps."""

import errno
import json
import os
import sys
import tempfile
from pathlib import Path

import pytest

from operator_console.audio import problems
from operator_console.audio.messages import Direction, Verdict
from operator_console.audio.microphone_test import judge, length_of, no_device
from operator_console.audio.permissions import refusals
from operator_console.audio.problems import BackendError, classify, problem, silent_microphone
from operator_console.audio.sound import louder
from tests import sound

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (OSError("PortAudio library not found"), "no_portaudio"),
        (ModuleNotFoundError("No module named 'pyaudio'"), "not_installed"),
        (ValueError("Error querying device -1"), "no_device"),
        (OSError(-9996, "Invalid input device (no default output device)"), "no_device"),
        (OSError(-9985, "Device unavailable"), "device_busy"),
        (PermissionError(errno.EACCES, "Permission denied"), "no_permission"),
        (ValueError("Unanticipated host error: 'Permission denied' [ALSA error -13]"), "no_permission"),
        (ValueError("Internal PortAudio error"), "device_failed"),
        (BackendError("no_device", "it is said already"), "no_device"),
    ],
)
def test_what_libraries_raise_gets_the_code_that_fits(error: Exception, code: str) -> None:
    assert classify(error).code == code
    assert classify(error).detail


@pytest.mark.parametrize(
    ("code", "remedy_says"),
    [
        ("no_device", "headset"),
        ("no_portaudio", "apt-get install -y libportaudio2"),
        ("no_permission", "usermod -aG audio"),
        ("device_busy", "Close the other program"),
        ("device_failed", "choose another microphone"),
    ],
)
def test_every_problem_says_what_to_do(code: str, remedy_says: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(problems, "refusals", lambda: ())
    monkeypatch.setattr(sys, "platform", "linux")
    told = problem(BackendError(code, "because"), Direction.MICROPHONE)
    assert told.code == code
    assert "microphone" in told.message or code == "no_portaudio"
    assert remedy_says in told.remedy


def test_a_device_that_the_system_refuses_is_not_called_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(problems, "refusals", lambda: ("/dev/snd/pcmC0D0c",))
    told = problem(BackendError("no_device", "no default"), Direction.MICROPHONE)
    assert told.code == "no_permission"
    assert "/dev/snd/pcmC0D0c" in told.message


def test_a_sound_card_closed_to_this_user_is_found_by_the_system_itself() -> None:
    """The kernel's own EACCES; a process of root asks as nobody, since root may open everything."""
    with tempfile.TemporaryDirectory() as name:
        cards = Path(name)
        cards.chmod(0o755)
        for node, mode in (("pcmC0D0c", 0o000), ("pcmC1D0c", 0o666)):
            (cards / node).touch()
            (cards / node).chmod(mode)
        assert _refused_to_anybody(cards) == [str(cards / "pcmC0D0c")]
        cards.chmod(0o000)
        assert _refused_to_anybody(cards) == [str(cards)]


def _refused_to_anybody(cards: Path) -> list[str]:
    """Ask as a user without rights."""
    if os.geteuid() != 0:
        return list(refusals(cards, {}))
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.setgroups([])
        os.setresgid(65534, 65534, 65534)
        os.setresuid(65534, 65534, 65534)
        os.write(writing, json.dumps(refusals(cards, {})).encode())
        os._exit(0)
    os.waitpid(child, 0)
    os.close(writing)
    with os.fdopen(reading) as answer:
        found: list[str] = json.load(answer)
    return found


def test_a_missing_sound_card_is_not_a_refused_one(tmp_path: Path) -> None:
    assert refusals(tmp_path / "nothing", {"PULSE_SERVER": f"unix:{tmp_path}/none"}) == ()
    assert refusals(tmp_path / "nothing", {"XDG_RUNTIME_DIR": str(tmp_path)}) == ()


def test_a_silent_microphone_is_named_with_its_remedy() -> None:
    told = silent_microphone("USB Headset")
    assert told.code == "microphone_silent"
    assert "USB Headset" in told.message
    assert told.remedy


@pytest.mark.parametrize(
    ("pcm", "verdict"),
    [
        (sound.tone(300, 1.0, amplitude=0.2), Verdict.OK),
        (sound.tone(300, 1.0, amplitude=0.01), Verdict.OK),
        (bytes(32_000), Verdict.SILENT),
        (sound.tone(300, 1.0, amplitude=0.001), Verdict.SILENT),
        (louder(sound.tone(300, 1.0, amplitude=0.9), 3.0), Verdict.CLIPPING),
    ],
)
def test_a_recording_is_judged_by_what_a_caller_would_hear(pcm: bytes, verdict: Verdict) -> None:
    result = judge(pcm, "USB Headset")
    assert result.verdict is verdict
    assert bool(result.remedy) is (verdict is not Verdict.OK)
    assert result.message


def test_a_missing_microphone_is_a_verdict_of_its_own() -> None:
    assert no_device().verdict is Verdict.NO_DEVICE
    assert no_device().remedy


def test_a_test_is_never_shorter_or_longer_than_its_limits() -> None:
    assert length_of(0) == 6400
    assert length_of(1e9) == 320_000

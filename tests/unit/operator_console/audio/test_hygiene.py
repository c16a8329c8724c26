"""The screen's process loads no sound library, and the audio process nothing it does not need."""

import subprocess
import sys

import pytest

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("module", "kept_out"),
    [
        ("operator_console.audio.headset", ["sounddevice", "pyaudio", "miniaudio", "numpy", "textual"]),
        ("operator_console.audio.checks", ["sounddevice", "pyaudio", "miniaudio", "numpy", "textual"]),
        ("operator_console.audio.serve", ["sounddevice", "pyaudio", "miniaudio", "numpy", "textual"]),
    ],
)
def test_importing_it_loads_no_sound_library(module: str, kept_out: list[str]) -> None:
    code = f"import sys, {module}; print(*[name for name in {kept_out!r} if name in sys.modules])"
    found = subprocess.run([sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.split() == []

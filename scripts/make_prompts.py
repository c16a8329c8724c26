"""Make what callers hear before a voicemail or a recording, with espeak-ng and sox; run by hand when a line changes.

The server needs neither tool: it plays the files in server/media/prompts.
"""

import shutil
import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent / "server" / "media" / "prompts"
LINES = {
    "greeting": (
        "Nobody can take your call right now. Please leave a message after the tone. "
        "Press the hash key, or hang up, when you are done."
    ),
    "again": "We did not hear you. Please speak after the tone.",
    "thanks": "Thank you. We will call you back. Goodbye.",
    "nothing": "We did not hear a message. Goodbye.",
    "recorded": "This call is recorded.",
    "may_record": "May we record this call? Press one for yes, or two for no.",
}
"""What is said, by the name of its file."""


def make(name: str, text: str) -> None:
    """Speak one line and store it: 8 kHz PCM16, one channel, in the telephone's band.

    Raises:
        subprocess.CalledProcessError: espeak-ng or sox failed.
        FileNotFoundError: One of them is not installed.
    """
    espeak, sox = shutil.which("espeak-ng"), shutil.which("sox")
    if espeak is None or sox is None:
        raise FileNotFoundError("needs both: apt-get install -y espeak-ng sox")
    speak = [espeak, "-v", "en-us+f3", "-s", "150", "-g", "3", "--stdout", "--", text]
    wave = subprocess.run(speak, check=True, capture_output=True).stdout
    target = ["-r", "8000", "-c", "1", "-e", "signed", "-b", "16", str(FOLDER / f"{name}.wav")]
    band = ["rate", "-v", "8000", "sinc", "200-3500", "norm", "-6"]
    trim = ["silence", "1", "0.02", "0.5%", "reverse", "silence", "1", "0.02", "0.5%", "reverse", "pad", "0.3", "0.2"]
    store = [sox, "-D", "-t", "wav", "--ignore-length", "-", *target, *band, *trim]
    subprocess.run(store, check=True, input=wave, capture_output=True)


def main() -> int:
    """Make all of them."""
    FOLDER.mkdir(exist_ok=True)
    for name, text in LINES.items():
        make(name, text)
        print(f"{name}: {text}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

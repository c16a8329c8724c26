"""Make the demo's recordings from its scripts with espeak-ng and sox, and measure every one of them.

Run by hand when a spoken line changes: `python scripts/make_demo_speech.py` makes what is new or changed,
`--all` makes everything, `--check` only measures. The demo itself needs neither tool.
Each recording is cut to the telephone band, levelled, trimmed of silence, and stored as 8 kHz µ-law WAV.
"""

import argparse
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import msgspec

from server.demo.content import Content, Line, Voice, load_content
from server.demo.hearing import loudness, pcm_of
from server.demo.speech import MANIFEST_FILE, RATE, Recording, load_manifest, mulaw_of_wav
from server.wire.terms import Author

FOLDER = Path(__file__).resolve().parent.parent / "server" / "demo" / "speech"
LARGEST_BYTES = 3_000_000
PEAK_LIMIT = 0.98
QUIETEST, LOUDEST = 0.06, 0.30
SHORTEST_SECONDS, LONGEST_SECONDS = 0.3, 9.0


@dataclass(frozen=True, slots=True)
class Part:
    """One line to record: its clip name, what is said, by whom, in which voice."""

    clip: str
    text: str
    speaker: str
    voice: Voice

    @property
    def path(self) -> Path:
        """Where the recording is stored."""
        return FOLDER / f"{self.clip}.wav"


def parts_of(content: Content) -> list[Part]:
    """Return every line that is heard in the demo, once."""
    shared = content.shared
    parts = [
        _part(line, "assistant", shared.assistant_voice)
        for line in (
            *shared.fetching,
            *shared.holding,
            *shared.nobody,
            *(ln for s in content.scripts for ln in s.heard(Author.ASSISTANT)),
        )
    ]
    parts += [_part(line, "operator", shared.operator_voice) for line in shared.operator_lines]
    for script in content.scripts:
        if script.voice is not None:
            parts += [_part(line, script.customer, script.voice) for line in script.heard(Author.CUSTOMER)]
    return parts


def _part(line: Line, speaker: str, voice: Voice) -> Part:
    return Part(line.clip, line.spoken or line.text, speaker, voice)


def record(part: Part) -> None:
    """Speak one line and store it.

    Raises:
        subprocess.CalledProcessError: espeak-ng or sox failed.
        FileNotFoundError: espeak-ng or sox is not installed.
    """
    voice = part.voice
    how = ["-v", voice.speaker, "-p", str(voice.pitch), "-s", str(voice.speed), "-g", "2"]
    speak = [_tool("espeak-ng"), *how, "--stdout", "--", part.text]
    wave = subprocess.run(speak, check=True, capture_output=True).stdout
    target = ["-r", str(RATE), "-c", "1", "-e", "mu-law", str(part.path)]
    band = ["rate", "-v", str(RATE), "sinc", "200-3500"]
    level = ["compand", "0.01,0.12", "-60,-60,-30,-16,-12,-10,0,-7", "-2", "-90", "0.02", "norm", "-2.5"]
    trim = ["silence", "1", "0.02", "0.5%", "reverse", "silence", "1", "0.02", "0.5%", "reverse", "pad", "0.06", "0.10"]
    store = [_tool("sox"), "-D", "-t", "wav", "--ignore-length", "-", *target, *band, *level, *trim]
    subprocess.run(store, check=True, input=wave, capture_output=True)


def _tool(name: str) -> str:
    """Return the path of a program.

    Raises:
        FileNotFoundError: it is not installed.
    """
    path = shutil.which(name)
    if path is None:
        raise FileNotFoundError(f"needs {name}: apt-get install -y espeak-ng sox")
    return path


def faults_of(part: Part) -> list[str]:
    """Measure a recording and return what is wrong with it, in words."""
    mulaw = mulaw_of_wav(part.path.read_bytes(), part.clip)
    seconds = len(mulaw) / RATE
    level, peak = loudness(mulaw), max(abs(sample) for sample in pcm_of(mulaw)) / 32768
    faults = []
    if not SHORTEST_SECONDS <= seconds <= LONGEST_SECONDS:
        faults.append(f"lasts {seconds:.2f} s")
    if not QUIETEST <= level <= LOUDEST:
        faults.append(f"has loudness {level:.3f}")
    if peak > PEAK_LIMIT:
        faults.append(f"peaks at {peak:.2f}")
    return [f"{part.clip} {fault}" for fault in faults]


def main() -> int:
    """Make and measure the recordings; 0 when all of them are fit to be heard."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--all", action="store_true", help="record everything again")
    parser.add_argument("--check", action="store_true", help="measure only")
    options = parser.parse_args()
    parts = parts_of(load_content())
    known = load_manifest() if (FOLDER / MANIFEST_FILE).is_file() else {}
    if not options.check:
        for part in parts:
            before = known.get(part.clip)
            if options.all or before is None or before.text != part.text or not part.path.is_file():
                record(part)
                print(f"recorded {part.clip}: {part.text}")
        _write_manifest(parts)
    faults = [fault for part in parts for fault in faults_of(part)]
    size = sum(path.stat().st_size for path in FOLDER.glob("*.wav"))
    if size > LARGEST_BYTES:
        faults.append(f"all recordings together have {size} bytes, more than {LARGEST_BYTES}")
    print("\n".join(faults) or f"{len(parts)} recordings, {size} bytes, all fit to be heard")
    return 1 if faults else 0


def _write_manifest(parts: list[Part]) -> None:
    """Store what each file says, and remove files nothing names any more."""
    entries = {
        part.clip: Recording(
            text=part.text,
            speaker=part.speaker,
            seconds=round(len(mulaw_of_wav(part.path.read_bytes(), part.clip)) / RATE, 2),
        )
        for part in sorted(parts, key=lambda part: part.clip)
    }
    text = msgspec.json.format(msgspec.json.encode(entries), indent=1)
    (FOLDER / MANIFEST_FILE).write_bytes(text + b"\n")
    for path in FOLDER.glob("*.wav"):
        if path.stem not in entries:
            path.unlink()


if __name__ == "__main__":
    sys.exit(main())

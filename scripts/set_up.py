"""Put the pinned versions into .venv, saying how far it is; nothing is done when they are there already.

`python3 scripts/set_up.py run` installs what the programs need, `dev` also what tests and checks need, `pyaudio` the
optional audio backend. Needs Python 3.11 or newer with venv, and nothing else. `make demo` and `make test` call it.
"""

import hashlib
import importlib.util
import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
OLDEST = (3, 11)
SELF = ("run", "dev")
"""The sets that install this checkout itself, too."""


def main() -> int:
    """Install one set; 0 when it is in place."""
    wanted = sys.argv[1] if len(sys.argv) > 1 else "run"
    if sys.version_info < OLDEST:
        return fail(f"Python {'.'.join(map(str, OLDEST))} or newer is needed; this is {sys.version.split()[0]}.")
    if not PYTHON.exists() and not make_venv():
        return 1
    lock = ROOT / "requirements" / f"py{venv_version().replace('.', '')}" / f"{wanted}.lock"
    stamp, state = VENV / f".installed-{wanted}", fingerprint(lock)
    if stamp.exists() and stamp.read_text() == state:
        return 0
    began = time.monotonic()
    if not has_pip() and not make_venv():  # an interrupted start leaves half of one
        return 1
    if not all(pip(step) for step in steps(wanted, lock)):
        return fail("pip could not install it all. Is the network there? Running the same command again is safe.")
    stamp.write_text(state)
    say(f"Ready after {time.monotonic() - began:.0f} s.")
    return 0


def steps(wanted: str, lock: Path) -> list[list[str]]:
    """Return what pip is to do, in order."""
    itself = ["install", "--no-build-isolation", "--no-deps", "--editable", str(ROOT)]
    if not lock.exists():
        say(f"There are no pinned versions for Python {venv_version()}: taking the newest that fit.")
        return [["install", "--editable", f"{ROOT}[{wanted}]" if wanted != "run" else str(ROOT)]]
    pinned = ["install", "--require-hashes", "--no-deps", "--no-build-isolation", "--requirement"]
    if wanted in SELF:
        return [[*pinned, str(lock)], itself]
    return [[*pinned, str(build_tools(lock))], [*pinned, str(lock)]]


def make_venv() -> bool:
    """Create .venv with the Python that runs this."""
    if importlib.util.find_spec("venv") is None or importlib.util.find_spec("ensurepip") is None:
        fail("Python's venv is missing. On Debian: apt-get install -y python3-venv")
        return False
    say(f"Making .venv with Python {sys.version.split()[0]} ...")
    command = [sys.executable, "-m", "venv", "--clear", str(VENV)]
    made = subprocess.run(command, check=False, stdin=subprocess.DEVNULL)
    if made.returncode:
        fail("python -m venv failed. On Debian: apt-get install -y python3-venv")
    return made.returncode == 0


def has_pip() -> bool:
    """Tell whether .venv was made to the end."""
    asked = subprocess.run([str(PYTHON), "-m", "pip", "--version"], check=False, capture_output=True)
    return asked.returncode == 0


def venv_version() -> str:
    """Return the Python version of .venv as "3.11"."""
    for line in (VENV / "pyvenv.cfg").read_text().splitlines():
        name, _, value = line.partition("=")
        if name.strip() == "version":
            return ".".join(value.strip().split(".")[:2])
    return f"{sys.version_info.major}.{sys.version_info.minor}"


def fingerprint(lock: Path) -> str:
    """Return what must stay as it is for an installation to be good: pins, project file, place."""
    digest = hashlib.sha256(str(ROOT).encode())
    for path in (lock, ROOT / "pyproject.toml"):
        digest.update(path.read_bytes() if path.exists() else b"")
    return digest.hexdigest()


def build_tools(lock: Path) -> Path:
    """Return a file with the pins of `lock` but PyAudio's, which is built with them."""
    pins: list[str] = []
    for line in lock.read_text().splitlines(keepends=True):
        if line[:1].isalnum():
            pins.append("")
        if pins:
            pins[-1] += line
    path = VENV / "build-tools.lock"
    path.write_text("".join(pin for pin in pins if not pin.startswith("pyaudio==")))
    return path


def pip(arguments: list[str]) -> bool:
    """Run pip, showing each package as it comes; on failure print pip's last lines."""
    command = [str(PYTHON), "-m", "pip", "--disable-pip-version-check", "--no-input", *arguments, "--progress-bar=off"]
    lines: list[str] = []
    seen = 0
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    ) as process:
        for line in process.stdout or ():
            lines.append(line)
            seen += line.startswith("Collecting ")
            progress(line, seen)
    if sys.stdout.isatty():
        print("\r\x1b[K", end="", flush=True)
    if process.returncode:
        sys.stderr.writelines(lines[-15:])
    return process.returncode == 0


def progress(line: str, seen: int) -> None:
    """Show where pip is: in place on a terminal, every tenth package as a line elsewhere."""
    if line.startswith("Installing collected packages"):
        text = f"Installing {line.count(',') + 1} packages, this takes a moment ..."
    elif line.startswith("Collecting "):
        text = f"Getting package {seen}: {line.split()[1]}"
    else:
        return
    if sys.stdout.isatty():
        print(f"\r\x1b[K  {text[:76]}", end="", flush=True)
    elif seen % 10 == 0 or not line.startswith("Collecting "):
        print(f"  {text}", flush=True)


def say(text: str) -> None:
    """Print one line for the person who waits."""
    print(text, flush=True)


def fail(text: str) -> int:
    """Print why it cannot go on; returns the exit code."""
    print(text, file=sys.stderr, flush=True)
    return 1


if __name__ == "__main__":
    sys.exit(main())

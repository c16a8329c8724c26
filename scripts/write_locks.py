"""Write the lock files: exact versions and hashes of everything, one set for each Python, no addresses.

Run by `make lock`. For Python X.Y it writes, under requirements/pyXY/:

    run.lock      what `make demo` installs: the programs' dependencies and what builds this checkout
    dev.lock      the same versions, and what `make test` and `make check` need on top
    pyaudio.lock  the optional PyAudio backend and its build tools

A Python that this machine lacks is named and its files stay as they are.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PIP_TOOLS = "pip-tools==7.6.2"
PYTHONS = ("python3.11", "python3.12", "python3.13")
FLAGS = (
    "--generate-hashes",
    "--no-header",
    "--no-annotate",
    "--no-emit-index-url",
    "--no-emit-trusted-host",
    "--no-emit-find-links",
    "--no-emit-options",
    "--allow-unsafe",
    "--strip-extras",
    "--quiet",
)


def main() -> int:
    """Write the lock files of every Python named, else of those found."""
    parser = argparse.ArgumentParser(description="Write requirements/py*/*.lock.")
    parser.add_argument("pythons", nargs="*", default=PYTHONS, help="interpreters to lock for")
    parser.add_argument("--upgrade", action="store_true", help="take newer versions than those locked now")
    options = parser.parse_args()
    written = 0
    for python in options.pythons:
        version = _version(python)
        if version is None:
            print(f"{python}: not on this machine, its lock files stay as they are")
            continue
        _lock(python, version, upgrade=options.upgrade)
        written += 1
    return 0 if written else 1


def _version(python: str) -> str | None:
    """Return "311" for Python 3.11; None where `python` cannot be run."""
    if shutil.which(python) is None:
        return None
    asked = subprocess.run(
        [python, "-c", "import sys; print('%d%d' % sys.version_info[:2])"], capture_output=True, text=True, check=False
    )
    return asked.stdout.strip() if asked.returncode == 0 else None


def _lock(python: str, version: str, *, upgrade: bool) -> None:
    folder = ROOT / "requirements" / f"py{version}"
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        subprocess.run([python, "-m", "venv", scratch], check=True)
        subprocess.run([f"{scratch}/bin/pip", "install", "--quiet", PIP_TOOLS], check=True)
        for name, sources in (
            ("run", ("requirements/build.in", "pyproject.toml")),
            (
                "dev",
                ("requirements/build.in", "--extra=dev", "--constraint", str(folder / "run.lock"), "pyproject.toml"),
            ),
            ("pyaudio", ("requirements/pyaudio.in",)),
        ):
            lock = folder / f"{name}.lock"
            print(f"{python}: {lock.relative_to(ROOT)}", flush=True)
            more = ("--upgrade",) if upgrade else ()
            subprocess.run(
                [f"{scratch}/bin/pip-compile", *FLAGS, *more, "--output-file", str(lock), *sources],
                check=True,
                cwd=ROOT,
            )


if __name__ == "__main__":
    sys.exit(main())

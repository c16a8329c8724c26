"""Make pictures the same everywhere: no environment that recolours, one interpreter that writes."""

import sys

import pytest


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Drop what would change the colours."""
    for name in ("NO_COLOR", "TEXTUAL_THEME", "TEXTUAL_COLOR_SYSTEM", "TEXTUAL_ANIMATIONS"):
        monkeypatch.delenv(name, raising=False)


def pytest_configure(config: pytest.Config) -> None:
    """Refuse to rewrite pictures on another Python than the one they are made on."""
    if config.getoption("--snapshot-update", default=False) and sys.version_info[:2] != (3, 11):
        raise pytest.UsageError("Pictures are written on Python 3.11 only, so that they stay the same for everybody.")

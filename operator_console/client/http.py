"""Load the HTTP client without its own command line.

`import httpx` also imports `httpx._main` where click, Pygments and Rich are installed: two thirds of its time, for a
program that nobody runs here. Where those packages are missing httpx goes on without it, and so it does here.
"""

import sys
from collections.abc import Generator
from contextlib import contextmanager


@contextmanager
def _left_out(module: str) -> Generator[None, None, None]:
    """Have imports of `module` fail as if it could not be loaded."""
    if module in sys.modules:
        yield
        return
    sys.modules[module] = None  # type: ignore[assignment]  # Python's own sign for "not to be imported"
    try:
        yield
    finally:
        del sys.modules[module]


with _left_out("httpx._main"):
    import httpx

__all__ = ["httpx"]

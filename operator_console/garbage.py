"""Keep Python's search for garbage cycles from stopping the screen.

The search walks through all objects there are: 80 ms with a thousand sessions on the desk, more than 300 ms with ten
thousand, in the middle of a key. What is loaded at the start and what a snapshot brings lives long and is freed by
its reference counts; it is put aside once, and the search then looks only at what came since, which takes about 1 ms.
"""

import gc
from typing import Final

YOUNG: Final = 10_000
"""So many new objects start a search, Python's own 700 would start one with each change: each looks into new copies of
lists as long as the queue."""


def hold() -> None:
    """Search for nothing while the program starts: all that is made then stays."""
    gc.disable()


def put_aside() -> None:
    """Leave all there is now out of later searches, and search from now on."""
    gc.freeze()
    gc.set_threshold(YOUNG)
    gc.enable()

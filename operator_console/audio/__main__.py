"""Start the audio process: `python -m operator_console.audio`. Only `operator_console.audio.client` starts it.

Exit codes: 0 the parent said so or is gone, 2 wrong arguments, 3 no sound library can be used, 4 the library hangs.
"""

import asyncio
import logging
import os
import signal
import sys
import warnings
from collections.abc import Sequence
from typing import BinaryIO


def main(arguments: Sequence[str] | None = None) -> int:
    """Run until the parent is gone; return the exit code."""
    out = own_output()
    warnings.simplefilter("ignore", DeprecationWarning)  # audioop, which 3.13 gets from audioop-lts
    from operator_console.audio.options import parse  # noqa: PLC0415 - after the standard streams are in order

    options, only_list = parse(sys.argv[1:] if arguments is None else arguments)
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("websockets").setLevel(logging.WARNING)
    from operator_console.audio.serve import list_devices, serve  # noqa: PLC0415 - as above
    from operator_console.audio.urgency import Urgency, lower_urgency, raise_urgency  # noqa: PLC0415

    if only_list:
        lower_urgency()
    urgency = raise_urgency() if options.real_time and not only_list else Urgency.NORMAL
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # ctrl+c in the terminal is the console's business
    code = list_devices(options, out) if only_list else asyncio.run(serve(options, out, urgency))
    sys.stderr.flush()
    os._exit(code)  # threads of sound libraries may never end


def own_output() -> BinaryIO:
    """Return standard output for events alone; whatever libraries print goes to standard error."""
    sys.stdout.flush()
    kept = os.dup(1)
    os.dup2(2, 1)
    return os.fdopen(kept, "wb")


if __name__ == "__main__":
    sys.exit(main())

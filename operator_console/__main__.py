"""Start `operator-console`."""

import io
import sys


def main() -> int:
    """Run the command line; return its exit code."""
    from operator_console import garbage  # noqa: PLC0415 - as below

    garbage.hold()
    stdout: object = sys.stdout
    if isinstance(stdout, io.TextIOWrapper):  # a name that the locale has no letters for must not end a command
        stdout.reconfigure(errors="backslashreplace")
    from operator_console.cli.entry import run  # noqa: PLC0415 - an import error of ours must not hide behind the entry

    return run()


if __name__ == "__main__":
    sys.exit(main())

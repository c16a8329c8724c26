"""Name the arguments and options that several commands share."""

from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="Print JSON on stdout (and refusals as JSON on stderr).")]
Ref = Annotated[str, typer.Argument(metavar="ID", help="The session: H-0042, 42, or its id.", show_default=False)]
Note = Annotated[str, typer.Option("--note", help="What the next one should know.")]
Disposition = Annotated[str, typer.Option("--about", "--disposition", help="What it was about, in a word.")]

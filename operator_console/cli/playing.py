"""Listen to the recording of a call or to a voicemail, or save it."""

import tempfile
from pathlib import Path
from typing import Annotated

import typer

from operator_console.cli import output
from operator_console.cli.failure import CommandError
from operator_console.cli.invocation import Invocation
from operator_console.cli.options import Json, Ref
from operator_console.cli.sound_start import audio_options
from server.wire.errors import ErrorBody
from server.wire.terms import Outcome


def add_to(app: typer.Typer) -> None:
    """Offer this command."""
    app.command()(play)


def play(
    context: typer.Context,
    ref: Ref,
    *,
    call: Annotated[
        bool, typer.Option("--call", help="The recording of the call, also where there is a voicemail.")
    ] = False,
    to: Annotated[Path | None, typer.Option("--to", help="Save the WAV there instead; nothing is overwritten.")] = None,
    as_json: Json = False,
) -> None:
    """Play the voicemail of a session, or the recording of its call. The audit says that you listened."""
    invocation = context.find_root().ensure_object(Invocation)

    async def fetch(path: Path) -> str:
        async with invocation.rest() as client:
            session = await client.session(ref)
            message = session.outcome is Outcome.VOICEMAIL or session.voicemail_seconds > 0
            kind = "voicemail" if message and not call else "recording"
            await client.recording(session.id, kind, path)
            return kind

    if to is not None:
        target = to.expanduser()
        kind = invocation.run(lambda: fetch(target))
        _told({"kind": kind, "path": str(target)}, str(target), as_json=as_json)
        return
    with tempfile.TemporaryDirectory(prefix="operator-play-") as folder:
        path = Path(folder) / "play.wav"
        kind = invocation.run(lambda: fetch(path))
        seconds, speaker = _played(path, invocation)
    words = f"Played the {kind}: {seconds:.1f} s on {speaker}."
    _told({"kind": kind, "seconds": round(seconds, 1), "speaker": speaker}, words, as_json=as_json)


def _played(path: Path, invocation: Invocation) -> tuple[float, str]:
    from operator_console.audio.playing import play as play_wav  # noqa: PLC0415 - --help needs no audio
    from operator_console.audio.problems import BackendError  # noqa: PLC0415

    try:
        return play_wav(path, audio_options(invocation.config))
    except BackendError as error:
        raise CommandError(
            ErrorBody(error.code, f"It cannot be played: {error.detail}.", "Save it with --to FILE.")
        ) from error


def _told(data: dict[str, object], words: str, *, as_json: bool) -> None:
    if as_json:
        output.data(data)
    else:
        output.lines([words])

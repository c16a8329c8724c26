"""Offer `operator-server recordings`: list, export and verify what was recorded, and change the keys that seal it."""

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import typer

from server.cli.exits import Exit
from server.cli.policy import ConfigOption
from server.cli.talk import errors_told, say, show, show_one
from server.config import Config
from server.config_rules import ConfigError
from server.core.errors import CallerError
from server.recorded.keys import Keys, KeysError, with_new_key, write_keys
from server.recorded.reading import RecordingReader
from server.recorded.sealed import SUFFIX, SealedError, rewrap
from server.storage.recordings import FolderOfRecordings, is_voicemail, name_of

app = typer.Typer(help="What was recorded: list, export, verify, and change the keys.", no_args_is_help=True)
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
_COLUMNS: Final = ("session", "kind", "seconds", "written_at", "key", "state")


@app.command(name="list")
def list_recordings(config: ConfigOption = None, *, as_json: Json = False) -> None:
    """List every recording and voicemail: its session, its length, when it was written last, and its key."""
    shelf, keys, _ = _shelf(config)
    show([_row(path, keys, check=False) for path in shelf.files()], _COLUMNS, as_json=as_json)


@app.command()
def verify(config: ConfigOption = None, *, as_json: Json = False) -> None:
    """Read all of every recording; ends with 1 when one is damaged, was changed, or cannot be unsealed."""
    shelf, keys, _ = _shelf(config)
    rows = [_row(path, keys, check=True) for path in shelf.files()]
    show(rows, _COLUMNS, as_json=as_json)
    bad = [row for row in rows if row["bad"]]
    say(f"{len(rows)} recordings, {len(bad)} cannot be trusted.")
    if bad:
        raise typer.Exit(Exit.FAILED)


@app.command()
def export(
    session: Annotated[str, typer.Argument(help="The session's id, as `list` shows it (s_...).")],
    to: Annotated[Path, typer.Argument(help="The WAV file to write; it must not be there yet.")],
    config: ConfigOption = None,
    *,
    voicemail: Annotated[bool, typer.Option("--voicemail", help="The voicemail, not the call.")] = False,
) -> None:
    """Write a recording as a WAV file that only you can read. Nobody hears of it: `play` of the console is audited."""
    shelf, _, _ = _shelf(config)
    name = f"{session}-voicemail" if voicemail else session
    with errors_told():
        reader = shelf.open(name)
        if reader is None:
            raise CallerError("no_recording", f"There is no recording {name}.", "See: operator-server recordings list")
        with reader:
            try:
                descriptor = os.open(to, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
                with os.fdopen(descriptor, "wb") as file:
                    for part in reader.parts(0, reader.size):
                        file.write(part)
            except SealedError as error:
                raise CallerError("recording_unreadable", str(error), f"{to} ends there.") from error
            except OSError as error:
                raise CallerError("cannot_write", f"{to} cannot be written: {error.strerror}.", "") from error
    say(f"Wrote {to}: {reader.seconds:.1f} s.")


@app.command()
def rotate(
    config: ConfigOption = None,
    *,
    new_key: Annotated[
        str, typer.Option("--new-key", metavar="ID", help="Make a key of this id first, and put it in front.")
    ] = "",
    as_json: Json = False,
) -> None:
    """Seal every recording with the first of the keys: only its head is written anew, what was said is not touched.

    A broker that runs goes on with the key it was started with: restart it, rotate again, then take the old key out.
    """
    shelf, keys, settings = _shelf(config)
    if keys is None:
        say("operator-server: recordings are not sealed here ([recording] encrypt = false).")
        raise typer.Exit(Exit.REFUSED)
    if new_key:
        keys = _with_key(settings, keys, new_key)
    done, failed = 0, 0
    used: set[str] = set()
    for path in shelf.files():
        if not path.name.endswith(SUFFIX):
            continue
        try:
            done += rewrap(path, keys)
            used.add(keys.current)
        except (OSError, SealedError) as error:
            failed += 1
            say(f"operator-server: {path.name}: {error}")
    spare = sorted(set(keys.known) - used - {keys.current}) if not failed else []
    told = {"key": keys.current, "sealed_anew": done, "failed": failed, "not_needed_any_more": ", ".join(spare)}
    show_one(told, as_json=as_json)
    if failed:
        raise typer.Exit(Exit.FAILED)


def _with_key(config: Config, keys: Keys, name: str) -> Keys:
    """Return the keys with a new one in front, written to their file."""
    from server.recording_keys import keys_file_of  # noqa: PLC0415 - the other commands start without it

    with errors_told():
        if config.recording_keys is not None:
            raise ConfigError(
                "The recordings' keys come from the environment: put a new line in front there, then rotate without "
                "--new-key."
            )
        try:
            more = with_new_key(keys, name)
            write_keys(keys_file_of(config), more, replace=True)
        except KeysError as error:
            raise ConfigError(str(error)) from error
    return more


def _shelf(path: Path | None) -> tuple[FolderOfRecordings, Keys | None, Config]:
    from server.config import load  # noqa: PLC0415 - the other commands start without it
    from server.recording_keys import recording_keys_of  # noqa: PLC0415

    with errors_told():
        config = load(path, os.environ)
        keys = recording_keys_of(config)
    return FolderOfRecordings(config.recordings_dir, config.settings.recording.keep_days, keys), keys, config


def _row(path: Path, keys: Keys | None, *, check: bool) -> dict[str, object]:
    """Return what is known of one recording; `bad` when it cannot be read."""
    name = name_of(path)
    voicemail = is_voicemail(name)
    row: dict[str, object] = {
        "session": name.removesuffix("-voicemail"),
        "kind": "voicemail" if voicemail else "call",
        "written_at": datetime.fromtimestamp(path.stat().st_mtime, UTC).isoformat(timespec="seconds"),
        "bad": False,
    }
    try:
        with RecordingReader(path, keys) as reader:
            if check:
                reader.check()
            state = "whole" if reader.closed_well else "without an end: still written, or cut off there"
            torn = f", {reader.torn_bytes} bytes dropped" if reader.torn_bytes else ""
            return {**row, "seconds": round(reader.seconds, 1), "key": reader.key or "none", "state": state + torn}
    except (OSError, ValueError) as error:
        return {**row, "seconds": None, "key": "", "state": str(error), "bad": True}

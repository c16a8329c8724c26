"""Take an operator's token once, prove it at the broker, and keep it where only they can read it."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from operator_console.cli import output
from operator_console.cli.config_file import save
from operator_console.cli.failure import CommandError
from operator_console.cli.invocation import Invocation
from operator_console.cli.options import Json
from operator_console.config import ConfigError
from operator_console.credentials import TOKEN_VARIABLE, CredentialError, Token, checked, save_token, token_path
from server.wire.errors import ErrorBody
from server.wire.views import MeView

if TYPE_CHECKING:
    from operator_console.client.rest import RestClient


def add_to(app: typer.Typer) -> None:
    """Offer this command."""
    app.command()(login)


def login(
    context: typer.Context,
    server: Annotated[str, typer.Option("--server", "-s", help="The broker's address, kept for next time.")] = "",
    *,
    token_file: Annotated[Path | None, typer.Option(help="Read the token from this file; else from stdin.")] = None,
    as_json: Json = False,
) -> None:
    """Keep your token (asked for, or read from stdin or a file) after the broker has accepted it."""
    invocation = context.find_root().ensure_object(Invocation)
    invocation.server = server or invocation.server
    config = invocation.config
    try:
        invocation.token = Token(checked(_read(token_file), "What you gave"), "login")
        me = invocation.ask(_who)
        save_token(token_path(config), invocation.token.text)
        if invocation.server:
            save(config.path, "server", {"url": config.settings.server.url})
    except CredentialError as error:
        raise CommandError(ErrorBody(error.code, str(error), error.hint)) from error
    except ConfigError as error:
        raise CommandError(ErrorBody("bad_config", str(error))) from error
    if as_json:
        output.data(me)
    output.talk(f"You are {me.name} at {config.settings.server.url}. The token is kept in {token_path(config)}.")
    if os.environ.get(TOKEN_VARIABLE):
        output.talk(f"${TOKEN_VARIABLE} is set and wins over it.")


async def _who(client: "RestClient") -> MeView:
    me = await client.me()
    if me.operator is None:
        raise CommandError(
            ErrorBody("operators_only", "This token is not an operator's.", "Ask for an operator's token.")
        )
    return me


def _read(token_file: Path | None) -> str:
    """Return the token from a file, from a terminal without showing it, or from stdin."""
    if token_file is not None:
        try:
            return token_file.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise CredentialError(
                "token_file", f"{token_file} can't be read: {error}.", "Name another file."
            ) from error
    if sys.stdin.isatty():
        return str(typer.prompt("Your token", hide_input=True, err=True)).strip()
    return sys.stdin.readline(8_192).strip()

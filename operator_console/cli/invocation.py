"""Know for one command: which configuration, which broker, which token, and how to reach the broker with them."""

import os
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import msgspec

from operator_console.cli.failure import CommandError
from operator_console.config import ConfigError, ConsoleConfig, load
from operator_console.credentials import CredentialError, Token, read_token
from operator_console.exit_codes import ExitCode
from server.wire.errors import ErrorBody

if TYPE_CHECKING:
    import ssl

    from operator_console.client.address import Address
    from operator_console.client.rest import RestClient
    from operator_console.client.socket import ConsoleSocket
    from operator_console.model.replies import CannedReply
    from operator_console.tui.key_plan import KeyPlan

T = TypeVar("T")


def new_id() -> str:
    """Return an id for an order."""
    from uuid import uuid4  # noqa: PLC0415 - a question needs none

    return uuid4().hex


class Invocation(msgspec.Struct, dict=True):
    """One run of the command line: what `--config`, `--server` and the environment say."""

    config_path: Path | None = None
    server: str = ""

    @cached_property
    def config(self) -> ConsoleConfig:
        """The configuration; `CommandError` when it can't be used."""
        try:
            return load(self.config_path, os.environ, self.server)
        except ConfigError as error:
            raise CommandError(ErrorBody("bad_config", str(error), "")) from error

    @cached_property
    def key_plan(self) -> "KeyPlan":
        """The keys and macros in force; `CommandError` when they can't be used."""
        from operator_console.tui.key_plan import plan_of  # noqa: PLC0415 - only the screen and the doctor need it

        try:
            return plan_of(self.config.settings)
        except ConfigError as error:
            raise CommandError(ErrorBody("bad_config", f"{self.config.path}: {error}", "")) from error

    @cached_property
    def canned(self) -> "tuple[CannedReply, ...]":
        """The canned replies beside the configuration; `CommandError` when they can't be used."""
        from operator_console.cli.reply_files import load as load_replies  # noqa: PLC0415 - as above
        from operator_console.tui.slash import SLASH_COMMANDS  # noqa: PLC0415

        try:
            return load_replies(self.config.folder, taken=SLASH_COMMANDS)
        except ConfigError as error:
            raise CommandError(ErrorBody("bad_config", str(error), "")) from error

    @cached_property
    def token(self) -> Token:
        """The operator's token; `CommandError` when there is none."""
        try:
            return read_token(self.config, os.environ)
        except CredentialError as error:
            raise CommandError(ErrorBody(error.code, str(error), error.hint)) from error

    @cached_property
    def address(self) -> "Address":
        """The broker's address; `CommandError` when the token may not go there."""
        from operator_console.client.address import parse_address  # noqa: PLC0415 - --help needs no network
        from operator_console.client.errors import ClientError  # noqa: PLC0415

        try:
            return parse_address(self.config.settings.server.url)
        except ClientError as error:
            raise CommandError(error.body) from error

    @cached_property
    def tls(self) -> "ssl.SSLContext | None":
        """What checks the broker's certificate."""
        from operator_console.client.address import tls_context  # noqa: PLC0415 - --help needs no network

        named = self.config.settings.server.ca_file
        return tls_context(self.address, str(self.config.folder / Path(named).expanduser()) if named else "")

    @asynccontextmanager
    async def rest(self) -> "AsyncGenerator[RestClient, None]":
        """Give a client for questions."""
        from operator_console.client.rest import RestClient  # noqa: PLC0415 - --help needs no network

        async with RestClient(self.address, self.token.text, tls=self.tls) as client:
            yield client

    def socket(self, *, view_only: bool = False, brief: bool = False) -> "ConsoleSocket":
        """Return a connection that is not open yet."""
        from operator_console.client.socket import ConsoleSocket  # noqa: PLC0415 - --help needs no network

        return ConsoleSocket(self.address, self.token.text, tls=self.tls, view_only=view_only, brief=brief)

    def ask_once(self, path: str, kind: type[T]) -> T:
        """Return the answer to a GET of `path` as a `kind`, by the quickest way there is; `CommandError` if none."""
        from operator_console.client.errors import ClientError  # noqa: PLC0415 - --help needs no network
        from operator_console.client.question import ask, is_direct  # noqa: PLC0415

        if not is_direct(self.address, os.environ):
            return self.ask(lambda client: client.ask(path, kind))
        try:
            return ask(self.address, self.token.text, self.tls, path, kind)
        except ClientError as error:
            raise CommandError(error.body, error.status) from error

    def ask(self, question: "Callable[[RestClient], Awaitable[T]]") -> T:
        """Return the answer to one question over REST; `CommandError` when there is none."""

        async def answer() -> T:
            async with self.rest() as client:
                return await question(client)

        return self.run(answer)

    def run(self, work: Callable[[], Awaitable[T]]) -> T:
        """Run `work` in an event loop; what the client refuses becomes a `CommandError`."""
        import asyncio  # noqa: PLC0415 - as below

        from operator_console.client.errors import ClientError  # noqa: PLC0415 - --help needs no network

        async def started() -> T:
            return await work()

        try:
            return asyncio.run(started())
        except ClientError as error:
            raise CommandError(error.body, error.status) from error
        except KeyboardInterrupt as interrupt:
            raise SystemExit(ExitCode.INTERRUPTED) from interrupt

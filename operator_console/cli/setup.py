"""Set the console up, the first time or again: broker, token, sound, keys; then the desk or the tour."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from operator_console.cli.config_file import save
from operator_console.cli.invocation import Invocation
from operator_console.cli.sound_start import audio_log, audio_options
from operator_console.config import ConfigError, ConsoleConfig
from operator_console.credentials import CredentialError, checked, save_token, token_path
from operator_console.model.first_run import Choice, FirstRun, SetupStep
from operator_console.model.state import DeskModel
from server.wire.errors import ErrorBody
from server.wire.version import OLDEST_PROTOCOL, PROTOCOL, VERSION

if TYPE_CHECKING:
    from operator_console.client.rest import RestClient


def add_to(app: typer.Typer) -> None:
    """Offer this command."""
    app.command()(setup)


def setup(context: typer.Context) -> None:
    """Set this console up, step by step, on the screen; what was done before can be changed."""
    invocation = context.find_root().ensure_object(Invocation)
    raise typer.Exit(set_up_and_open(invocation, again=True))


def set_up_and_open(invocation: Invocation, *, again: bool = False) -> int:
    """Show the set-up, then what the operator chose; return the exit code.

    Raises:
        CommandError: the configuration can't be used.
    """
    from operator_console.cli.screen import need_terminal, open_screen  # noqa: PLC0415 - loads Textual
    from operator_console.cli.tour import take_tour  # noqa: PLC0415

    need_terminal()
    choice = _ask(invocation, again=again)
    fresh = Invocation(config_path=invocation.config_path, server=invocation.server)
    if choice is Choice.DESK:
        return open_screen(fresh, view_only=False)
    return take_tour() if choice is Choice.TOUR else 0


def _ask(invocation: Invocation, *, again: bool) -> Choice | None:
    from operator_console.audio.client import AudioProcess  # noqa: PLC0415 - only the screen needs all of this
    from operator_console.audio.headset import ProcessHeadset  # noqa: PLC0415
    from operator_console.tui.setup_app import SetupApp  # noqa: PLC0415
    from operator_console.tui.themes import fit  # noqa: PLC0415

    config, plan = invocation.config, invocation.key_plan
    begin = begin_at(config, again=again)

    async def ask() -> Choice | None:
        headset = ProcessHeadset(AudioProcess(audio_options(config), log_path=audio_log(config)))
        await headset.start()
        try:
            keys = DeskModel(keys=plan.keys)
            app = SetupApp(Proofs(config), headset, begin, keys, config.settings.screen.theme)
            fit(app)
            return await app.run_async()
        finally:
            await headset.stop()

    return asyncio.run(ask())


def begin_at(config: ConsoleConfig, *, again: bool) -> FirstRun:
    """Return where the set-up begins: at the broker, or, where its address was proven before, at the token."""
    url = config.settings.server.url
    if again or not _names_a_broker(config.path):
        return FirstRun(SetupStep.BROKER, url)
    return FirstRun(SetupStep.TOKEN, url, (f"The broker is {url}.",))


def _names_a_broker(path: Path) -> bool:
    try:
        return any(line.strip().startswith("url") for line in path.read_text(encoding="utf-8").splitlines())
    except OSError:
        return False


class Proofs:
    """Prove answers over REST, and write them as `login` does."""

    def __init__(self, config: ConsoleConfig) -> None:
        """Write beside this configuration."""
        self._config = config

    async def broker(self, url: str) -> str:
        """Prove an address at the broker, and keep it."""
        from operator_console.client.errors import ClientError  # noqa: PLC0415 - --help needs no network

        async with self._client(url, "") as client:
            health = await client.health()
        if not health.status:
            raise ClientError(
                ErrorBody("not_a_broker", f"{url} answers, but it is not a broker.", "Check the address and its path.")
            )
        if not OLDEST_PROTOCOL <= health.protocol <= PROTOCOL:
            raise ClientError(
                ErrorBody(
                    "other_version",
                    f"The broker is version {health.version}, this console {VERSION}: they do not fit.",
                    "Install the console of the broker's version.",
                )
            )
        self._kept("server", {"url": url})
        return f"The broker at {url} answers, version {health.version}."

    async def token(self, url: str, token: str) -> str:
        """Prove a token at the broker, and keep it where only its owner can read it."""
        from operator_console.client.errors import ClientError  # noqa: PLC0415 - --help needs no network

        try:
            text = checked(token, "What you gave")
            async with self._client(url, text) as client:
                me = await client.me()
            if me.operator is None:
                raise ClientError(ErrorBody("operators_only", "This token is not an operator's.", ""))
            save_token(token_path(self._config), text)
        except CredentialError as error:
            raise ClientError(ErrorBody(error.code, str(error), error.hint)) from error
        return f"You are {me.name}. Your token is kept in {token_path(self._config)}."

    def sound(self, values: Mapping[str, str | float]) -> str:
        """Keep devices or gain; return why that failed, or nothing."""
        try:
            save(self._config.path, "audio", values)
        except ConfigError as error:
            return str(error)
        return ""

    def _client(self, url: str, token: str) -> "RestClient":
        from operator_console.client.address import parse_address, tls_context  # noqa: PLC0415
        from operator_console.client.rest import RestClient  # noqa: PLC0415

        address = parse_address(url)
        named = self._config.settings.server.ca_file
        ca_file = str(self._config.folder / Path(named).expanduser()) if named else ""
        return RestClient(address, token, tls=tls_context(address, ca_file))

    def _kept(self, section: str, values: dict[str, str]) -> None:
        from operator_console.client.errors import ClientError  # noqa: PLC0415 - --help needs no network

        try:
            save(self._config.path, section, values)
        except ConfigError as error:
            raise ClientError(ErrorBody("bad_config", str(error), "Check that its folder can be written.")) from error

"""Hand an adapter what it is made of: its account's name, secrets, clock and address."""

from collections.abc import Callable
from dataclasses import dataclass

import httpx

from server.clock import Clock
from server.config_rules import ConfigError
from server.secret_files import SecretText


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """What every adapter gets beside its own settings.

    Attributes:
        name: The section's: `[channels.NAME]`.
        clock: What tells the time.
        address: Where the platform reaches us: the public address of `/v1/channels/NAME`.
        read_secret: Returns the secret in a file that a setting names; None for an empty name. Raises ConfigError.
        transport: For tests: the way to the network; None is httpx's own.
    """

    name: str
    clock: Clock
    address: str
    read_secret: Callable[[str], SecretText | None]
    transport: httpx.AsyncBaseTransport | None = None

    def secret(self, setting: str, file: str, why: str) -> SecretText:
        """Return the secret in `file`, which the channel cannot do without.

        Raises:
            ConfigError: None is named, or it cannot be read.
        """
        try:
            found = self.read_secret(file)
        except ConfigError as error:
            raise ConfigError(f"[channels.{self.name}] {setting}: {error}") from error
        if found is None:
            raise self.wrong(setting, f"is missing: {why}")
        return found

    def wrong(self, setting: str, what: str) -> ConfigError:
        """Return the refusal of a setting; `what` goes on after its name."""
        return ConfigError(f"[channels.{self.name}] {setting} {what}.")

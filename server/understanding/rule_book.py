"""Keep the rules that organisations add over the API: one file for each, written whole or not at all.

They lie in data_dir, so with several brokers each has its own: put shared rules into the file of `[triggers]`.
"""

import os
from pathlib import Path
from typing import Final

import msgspec

from server.config_rules import ConfigError
from server.core.errors import CallerError
from server.understanding.trigger_settings import TriggerSettings, check_settings
from server.wire.requests import HouseRule
from server.wire.terms import OrganisationId

MOST_RULES: Final = 50
"""Of one organisation."""


class RuleBook:
    """The organisations' own rules."""

    def __init__(self, folder: Path) -> None:
        """Keep them in `folder`, which is made when the first one is written."""
        self._folder = folder
        self._known: dict[OrganisationId, tuple[HouseRule, ...]] = {}

    def of(self, organisation_id: OrganisationId) -> tuple[HouseRule, ...]:
        """Return the rules of one organisation.

        Raises:
            ConfigError: Its file can't be read any more.
        """
        if organisation_id not in self._known:
            path = self._path(organisation_id)
            try:
                rules = msgspec.json.decode(path.read_bytes(), type=tuple[HouseRule, ...]) if path.exists() else ()
                self._known[organisation_id] = check_settings(TriggerSettings(rules=rules)).rules
            except (OSError, msgspec.MsgspecError, CallerError) as error:
                raise ConfigError(
                    f"The rules in {path} cannot be read: {error}. Correct or remove the file."
                ) from error
        return self._known[organisation_id]

    def replace(self, organisation_id: OrganisationId, rules: tuple[HouseRule, ...]) -> None:
        """Check and write the rules of one organisation, in place of those it had.

        Raises:
            CallerError: `bad_rule`.
        """
        if len(rules) > MOST_RULES:
            raise CallerError("bad_rule", f"An organisation has at most {MOST_RULES} rules.", "Join some with `or`.")
        check_settings(TriggerSettings(rules=rules))
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self._path(organisation_id)
        fresh = path.with_suffix(".new")
        with fresh.open("wb") as file:
            file.write(msgspec.json.encode(rules))
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
        self._known[organisation_id] = rules

    def _path(self, organisation_id: OrganisationId) -> Path:
        return self._folder / f"{organisation_id.encode().hex()}.json"

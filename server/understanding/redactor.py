"""Apply each organisation's redaction policy; the adapter of the broker's redactor."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import msgspec

from server.config_rules import ConfigError
from server.understanding.redaction import Policy, may_hold_something, redact
from server.wire.terms import OrganisationId


class PolicyRedactor:
    """Redacts by one policy for all, and others for those who want it otherwise."""

    def __init__(self, policy: Policy | None = None, exceptions: Mapping[str, Policy] | None = None) -> None:
        """Take the policy of everybody (all is taken out) and the policies of single organisations by their id."""
        self._policy: Final = policy or Policy()
        self._exceptions: Final = dict(exceptions or {})

    def redact(self, organisation_id: OrganisationId, text: str, earlier: Sequence[tuple[bool, str]] = ()) -> str:
        """Return the text with a mark where each secret stood."""
        return redact(text, self._exceptions.get(organisation_id, self._policy), earlier).text

    @staticmethod
    def looks_back(text: str) -> bool:
        """Tell whether the turns before could matter."""
        return may_hold_something(text)


def read_exceptions(path: Path, policy: Policy) -> dict[str, Policy]:
    """Return the policies of single organisations in a TOML file; what one does not say is as in `policy`.

    Raises:
        ConfigError: The file cannot be read, is not TOML, or names something that is not a setting.
    """
    try:
        tables = msgspec.toml.decode(path.read_bytes(), type=dict[str, dict[str, bool]])
        return {
            name: msgspec.convert({**msgspec.structs.asdict(policy), **own}, Policy) for name, own in tables.items()
        }
    except OSError as error:
        raise ConfigError(f"[redaction] organisations: {path} cannot be read: {error.strerror}.") from error
    except (msgspec.ValidationError, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"[redaction] organisations: {path.name}: {error}.") from error

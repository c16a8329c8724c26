"""Make the guard that says whom operators may have called, from the configuration."""

import msgspec

from server.broker.ports.dialling import Callee
from server.config import Settings
from server.config_rules import ConfigError
from server.config_transfers import PhonebookSettings
from server.telephony.dial_guard import DialRules, ListedNumbers, country_of
from server.wire.sanitize import clean_line


def guard_of(settings: Settings) -> ListedNumbers:
    """Return whom the configuration lets operators have called.

    Raises:
        ConfigError: An entry of the phonebook has no number.
    """
    wanted = settings.transfers
    rules = DialRules(
        allowed=wanted.allowed,
        countries=wanted.countries or own_countries(settings),
        costly=wanted.premium,
        extension_host=wanted.extension_host,
        most_a_day=wanted.most_a_day,
        most_a_day_each=wanted.most_a_day_each,
    )
    return ListedNumbers(rules, [(name, _callee(name, one)) for name, one in settings.phonebook.items()])


def own_countries(settings: Settings) -> tuple[str, ...]:
    """Return the countries of the numbers that our carriers call from."""
    sections = [getattr(settings, field.name) for field in msgspec.structs.fields(Settings)]
    numbers = [str(getattr(section, "caller_number", "")) for section in sections]
    return tuple(dict.fromkeys(country for number in numbers if number and (country := country_of(number))))


def _callee(name: str, one: PhonebookSettings) -> Callee:
    if not one.number:
        raise ConfigError(f"[phonebook.{name}] number is missing: say whom to dial, +4930123456 or sip:name@host.")
    return Callee(to=clean_line(one.label, 60) or name, address=one.number, warm_only=one.warm_only)

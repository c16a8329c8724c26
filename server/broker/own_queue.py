"""Say in which queue a handoff waits that the program itself asks for: its channel's own, else the usual one."""

from dataclasses import fields
from typing import Final

from server.broker.parts import Parts
from server.broker.ports.channels import Account

_USUAL: Final = next(str(field.default) for field in fields(Account) if field.name == "queue")
"""An account that names no queue of its own."""


def own_queue(parts: Parts, account: str, otherwise: str) -> str:
    """Return the queue of an account's handoffs; `otherwise` where it names none, or there is no such account."""
    found = parts.channels.get(account)
    return otherwise if found is None or found.queue == _USUAL else found.queue

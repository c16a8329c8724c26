"""Know which account is not well: nothing is sent on one that cannot send, and everybody is told.

Before: a health check, a refused send or the platform itself says so. After: the account's row says what is wrong and
since when, consoles show it, and its lanes rest until it is well.
"""

import msgspec

from server.broker.parts import Parts
from server.broker.ports.channel_store import HeldAccount
from server.broker.ports.channels import Account
from server.broker.ports.store import Unit
from server.log import get_log

REVOKED = "The platform says that the account does not work any more."
_log = get_log(__name__)


def row_of(unit: Unit, account: Account) -> HeldAccount:
    """Return what is known of an account, locked; a new one when nothing is."""
    known = unit.channels.account(account.organisation_id, account.name)
    return known or HeldAccount(organisation_id=account.organisation_id, name=account.name, kind=account.kind)


def set_problem(unit: Unit, parts: Parts, account: Account, problem: str, *, pause: bool | None = None) -> HeldAccount:
    """Write down what is wrong with an account (nothing: empty), and whether its lanes rest (None: as they do)."""
    row = row_of(unit, account)
    paused = row.paused if pause is None else pause
    changed = msgspec.structs.replace(
        row,
        kind=account.kind,
        problem=problem,
        paused=paused,
        since=parts.clock.now() if problem != row.problem or row.since is None else row.since,
    )
    if changed == row:
        return row
    unit.channels.save_account(changed)
    if problem and problem != row.problem:
        _log.error("channel_trouble", account=account.name, problem=problem, paused=paused)
    elif row.problem and not problem:
        _log.info("channel_well", account=account.name)
    return changed


def told_by_the_platform(unit: Unit, parts: Parts, account: Account, failure: str) -> None:
    """Take the platform's word that the account does not work: nothing is sent until its health is good."""
    set_problem(unit, parts, account, failure or REVOKED, pause=True)

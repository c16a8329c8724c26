"""Show how the channels stand, ask for their health, and try again what could not be taken."""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from server.broker.channels.holding import Holding, asked
from server.broker.channels.taking import Taking
from server.broker.parts import Parts
from server.broker.ports.channel_store import KeptRequest, PartState, RequestState
from server.broker.ports.channels import Account, Connects, SendError
from server.broker.ports.store import Unit
from server.core.errors import ConflictError, NotFoundError, ProviderError
from server.wire.channels import ChannelView, FailedRequest
from server.wire.terms import OrganisationId

MOST_FAILED: Final = 100


class Overview:
    """What administrators see and do of channels."""

    def __init__(self, parts: Parts, taking: Taking, holdings: Mapping[str, Holding]) -> None:
        """Work on these parts."""
        self._parts = parts
        self._taking = taking
        self._holdings = holdings

    async def all(self, organisation_id: OrganisationId) -> Sequence[ChannelView]:
        """Return every account, those that are not configured any more too."""
        return await self._parts.database.read(lambda unit: views(unit, self._parts, organisation_id))

    async def check(self, organisation_id: OrganisationId, name: str) -> ChannelView:
        """Ask the platform whether an account works, and return how it stands then.

        Raises:
            NotFoundError: `no_such_channel`.
        """
        account = self._account(organisation_id, name)
        holding = self._holdings[name]
        if holding.held:
            await holding.check()
            problem = None
        else:
            problem = await asked(account)
        found = {view.name: view for view in await self.all(organisation_id)}[name]
        return found if problem is None else msgspec.structs.replace(found, problem=problem)

    async def connect(self, organisation_id: OrganisationId, name: str) -> str:
        """Have the platform send to us; return what was done.

        Raises:
            NotFoundError: `no_such_channel`.
            ConflictError: `connects_by_hand`: this platform is told elsewhere.
            ProviderError: `channel_refused`.
        """
        channel = self._account(organisation_id, name).channel
        if not isinstance(channel, Connects):
            raise ConflictError(
                "connects_by_hand", "This platform is told our address on its own pages.", "See docs/channels.md."
            )
        try:
            return await channel.connect()
        except SendError as error:
            raise ProviderError("channel_refused", error.message, "Run `channels check`.") from error

    async def failed(self, organisation_id: OrganisationId, name: str) -> Sequence[FailedRequest]:
        """Return requests that could not be taken, newest first, without what they say.

        Raises:
            NotFoundError: `no_such_channel`.
        """
        self._account(organisation_id, name)
        found = await self._parts.database.read(
            lambda unit: list(unit.channels.failed(organisation_id, name, MOST_FAILED))
        )
        return [_failed(one) for one in found]

    async def replay(self, organisation_id: OrganisationId, name: str) -> Sequence[FailedRequest]:
        """Try again what could not be taken, oldest first, and return what still cannot be."""
        self._account(organisation_id, name)
        found = await self._parts.database.read(
            lambda unit: list(unit.channels.failed(organisation_id, name, MOST_FAILED))
        )
        for request in reversed(found):
            await self._taking.take_again(request)
        return await self.failed(organisation_id, name)

    def _account(self, organisation_id: OrganisationId, name: str) -> Account:
        account = self._parts.channels.get(name)
        if account is None or account.organisation_id != organisation_id:
            raise NotFoundError("no_such_channel", "There is no such channel.", "List them with GET /v1/channels.")
        return account


def views(unit: Unit, parts: Parts, organisation_id: OrganisationId) -> list[ChannelView]:
    """Return how every account stands."""
    rows = {row.name: row for row in unit.channels.accounts(organisation_id)}
    ours = {name for name, account in parts.channels.items() if account.organisation_id == organisation_id}
    found: list[ChannelView] = []
    for name in sorted(ours | set(rows)):
        row = rows.get(name)
        counts = unit.out_parts.counts(organisation_id, name)
        waiting = counts.get(PartState.WAITING, 0) + counts.get(PartState.SENDING, 0)
        found.append(
            ChannelView(
                name=name,
                kind=parts.channels[name].kind if name in ours else row.kind if row else "",
                configured=name in ours,
                problem=row.problem if row else "",
                paused=row.paused if row else False,
                since=row.since if row else None,
                waiting=waiting,
                oldest_at=unit.out_parts.oldest_waiting(organisation_id, name) if waiting else None,
                unknown=counts.get(PartState.UNKNOWN, 0),
                failed=counts.get(PartState.FAILED, 0),
                not_taken=unit.channels.count(organisation_id, name, RequestState.FAILED),
            )
        )
    return found


def _failed(request: KeptRequest) -> FailedRequest:
    return FailedRequest(id=request.id, at=request.at, attempts=request.attempts, error=request.error)

"""Send notices as SMS, one to each number."""

import asyncio
from typing import Final

from typing_extensions import override

from server.broker.ports.notices import Destination, Notice
from server.clock import Clock
from server.core.errors import ProviderError
from server.notices.sms_text import text_of
from server.notices.sms_vendors import Account, Kind
from server.notices.vendor import Transport, Vendor, the_network


class Sms(Destination):
    """Numbers that get notices through one vendor."""

    def __init__(
        self,
        kind: Kind,
        account: Account,
        recipients: tuple[str, ...],
        clock: Clock,
        *,
        api_base: str = "",
        answers: bool = False,
        transport: Transport = the_network,
    ) -> None:
        """Send to `recipients` (+ and digits); `answers`: their answers reach us, so the code is told."""
        self._kind: Final = kind
        self._account: Final = account
        self._recipients: Final = recipients
        self._clock: Final = clock
        self._answers: Final = answers
        self._vendor: Final = Vendor(kind.name, api_base or kind.api_base.format(region=account.region), transport)

    @override
    async def send(self, notice: Notice) -> str:
        """Hand a message for each number to the vendor; accepted when all were."""
        text = text_of(notice, answers=self._answers)
        done = await asyncio.gather(*(self._say(to, text) for to in self._recipients))
        refusals = [one for one in done if one is not None]
        if len(refusals) == len(done):
            raise refusals[0]
        if refusals:
            raise ProviderError("sms_partly_refused", f"{refusals[0].message} Others have it.", retryable=False)
        return ""

    async def _say(self, to: str, text: str) -> ProviderError | None:
        try:
            await self._kind.say(self._vendor, self._account, to, text, self._clock.now())
        except ProviderError as error:
            return error
        return None

    @override
    def reaches(self, address: str) -> bool:
        """Tell whether it is one of these numbers."""
        return address in self._recipients

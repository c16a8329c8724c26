"""Let pages in: know whose request it is, and hold everybody to a pace."""

from dataclasses import dataclass

from server.api.errors import AnyRequest
from server.api.origins import Origins
from server.api.sockets import Socket
from server.api.throttle import Throttle, whose_address
from server.broker.page_calls import PageCalls
from server.broker.page_feed import PageFeed
from server.broker.page_talk import PageTalk
from server.broker.passing import Passing
from server.broker.ports.visitors import Visitor
from server.broker.visits import Visits
from server.core.files import FileRules


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """What the routes of pages work on.

    Attributes:
        behind_proxy: Addresses are what the proxy in front says.
    """

    visits: Visits
    talk: PageTalk
    calls: PageCalls
    pages: PageFeed
    passing: Passing
    throttle: Throttle
    origins: Origins
    file_rules: FileRules
    behind_proxy: bool = False

    def address(self, connection: AnyRequest | Socket) -> str:
        """Return by what a page's requests are counted, before anybody knows whose they are."""
        peer = connection.client.host if connection.client is not None else ""
        forwarded = connection.headers.get("x-forwarded-for", "")
        return whose_address(peer, forwarded, behind_proxy=self.behind_proxy)

    async def visitor(self, request: AnyRequest, deed: str = "") -> Visitor:
        """Return whose request it is, and count it, as a `deed` where it is one.

        Raises:
            TooManyError: `too_many_requests`.
            NotAuthenticatedError: `no_visit`.
        """
        self.throttle.take("request", self.address(request))
        visitor = await self.visits.visitor(token_of(request))
        if deed:
            self.throttle.take(deed, visitor.id)
        return visitor


def token_of(request: AnyRequest) -> str:
    """Return the token of a request; empty when there is none."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""

"""Let platforms' requests in, and show administrators how the channels stand."""

from collections.abc import Sequence

from litestar import Controller, HttpMethod, Response, get, post, route
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from server.api.auth import require
from server.api.conversations import BrokerDependency, PrincipalDependency
from server.api.errors import AnyRequest
from server.broker.ports.channels import Incoming
from server.core.permissions import Action
from server.wire.channels import ChannelView, FailedRequest

MOST_BODY_BYTES = 4 * 1024 * 1024
"""The longest request of a platform that is taken."""


def platform_route(public_url: str) -> HTTPRouteHandler:
    """Return where platforms send what customers write; who sends is proved by each platform's own means.

    Args:
        public_url: The address of the control listener as platforms know it: what they sign.
    """

    @route(
        "/v1/channels/{name:str}",
        http_method=[HttpMethod.GET, HttpMethod.POST],
        summary="A platform's request",
        tags=["channels"],
        status_code=200,
        request_max_body_size=MOST_BODY_BYTES,
    )
    async def come_in(request: AnyRequest, broker: BrokerDependency, name: FromPath[str]) -> Response[bytes]:
        """Answer a platform's question, or keep its request: 200 says that it is durable."""
        query = request.url.query
        incoming = Incoming(
            method=request.method,
            url=f"{public_url.rstrip('/')}{request.url.path}{'?' if query else ''}{query}",
            query={key: str(value) for key, value in request.query_params.items()},
            headers={key.lower(): value for key, value in request.headers.items()},
            body=await request.body(),
        )
        answer = await broker.channels.door.come_in(name, incoming)
        return Response(answer.body, status_code=answer.status, media_type=answer.media_type)

    return come_in


class ChannelsAdministration(Controller):
    """How the accounts on platforms stand."""

    path = "/v1/channels"
    tags = ("channels",)

    @get(summary="All channels")
    async def all(self, broker: BrokerDependency, principal: PrincipalDependency) -> Sequence[ChannelView]:
        """Return every account with what is wrong and what waits."""
        require(principal, Action.SUPERVISE)
        return await broker.channels.overview.all(principal.organisation_id)

    @post("/{name:str}/check", summary="Ask a platform whether the account works", status_code=200)
    async def check(self, broker: BrokerDependency, principal: PrincipalDependency, name: FromPath[str]) -> ChannelView:
        """Ask now, and return how it stands."""
        require(principal, Action.SUPERVISE)
        return await broker.channels.overview.check(principal.organisation_id, name)

    @post("/{name:str}/connect", summary="Have a platform send to us", status_code=200)
    async def connect(
        self, broker: BrokerDependency, principal: PrincipalDependency, name: FromPath[str]
    ) -> dict[str, str]:
        """Register our address, where the platform can be told by a call."""
        require(principal, Action.ADMINISTER)
        return {"done": await broker.channels.overview.connect(principal.organisation_id, name)}

    @get("/{name:str}/failed", summary="What could not be taken")
    async def failed(
        self, broker: BrokerDependency, principal: PrincipalDependency, name: FromPath[str]
    ) -> Sequence[FailedRequest]:
        """Return the platform's requests that could not be taken, newest first."""
        require(principal, Action.SUPERVISE)
        return await broker.channels.overview.failed(principal.organisation_id, name)

    @post("/{name:str}/replay", summary="Take again what could not be taken", status_code=200)
    async def replay(
        self, broker: BrokerDependency, principal: PrincipalDependency, name: FromPath[str]
    ) -> Sequence[FailedRequest]:
        """Try again, and return what still cannot be taken."""
        require(principal, Action.ADMINISTER)
        return await broker.channels.overview.replay(principal.organisation_id, name)

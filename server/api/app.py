"""Put the web application together: routes, dependencies, errors, OpenAPI at /schema."""

from collections.abc import Sequence

from litestar import Litestar, websocket
from litestar.di import Provide
from litestar.exceptions import HTTPException, ValidationException
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Components, SecurityScheme, Server
from litestar.types import BeforeMessageSendHookHandler, ControllerRouterHandler

from server.api import errors
from server.api.administration import Administration
from server.api.assistant_socket import serve_assistant
from server.api.auth import ORGANISATION_HEADER, Gate
from server.api.channels import ChannelsAdministration, platform_route
from server.api.console_socket import serve_console
from server.api.conversations import Conversations
from server.api.documented import document_errors
from server.api.errors import AnyRequest
from server.api.files import Files
from server.api.health import healthz, readyz
from server.api.metrics import Timing
from server.api.organisations import OrganisationsAdministration
from server.api.past import LookingBack
from server.api.privacy import PrivacyOfContacts
from server.api.recordings import RecordingsOfSessions
from server.api.sessions import Sessions
from server.api.sockets import Socket
from server.api.supervision import Supervision
from server.api.triggers import Triggers
from server.broker.broker import Broker
from server.broker.ports.records import Principal
from server.core.errors import HandoffError
from server.wire.version import VERSION

MOST_BODY_BYTES = 256 * 1024
"""The longest request body taken."""


def build_app(
    broker: Broker,
    gate: Gate,
    public_url: str,
    extra_routes: Sequence[ControllerRouterHandler],
    before_send: Sequence[BeforeMessageSendHookHandler] = (),
    *,
    timing: Timing | None = None,
) -> Litestar:
    """Return the web application of one broker.

    Args:
        broker: What the routes work on; started and stopped by whoever serves it.
        gate: Who may.
        public_url: Where others reach this listener; named in the OpenAPI document.
        extra_routes: Carriers' webhooks and the widget's, which know otherwise who asks.
        before_send: Called before each message of an answer is sent.
        timing: Is told how long requests take; None: nobody is.
    """

    async def provide_principal(request: AnyRequest) -> Principal:
        headers = request.headers
        return await gate.principal(headers.get("authorization"), headers.get(ORGANISATION_HEADER, ""))

    def provide_broker() -> Broker:
        return broker

    @websocket("/v1/console")
    async def console(socket: Socket) -> None:
        await serve_console(socket, broker, gate)

    @websocket("/v1/assistant/events")
    async def assistant_events(socket: Socket) -> None:
        await serve_assistant(socket, broker, gate)

    app = Litestar(
        route_handlers=[
            Conversations,
            Sessions,
            RecordingsOfSessions,
            Supervision,
            Files,
            Administration,
            OrganisationsAdministration,
            Triggers,
            LookingBack,
            PrivacyOfContacts,
            ChannelsAdministration,
            platform_route(public_url),
            healthz,
            readyz,
            console,
            assistant_events,
            *extra_routes,
        ],
        dependencies={
            "principal": Provide(provide_principal),
            "broker": Provide(provide_broker, sync_to_thread=False),
        },
        exception_handlers={
            HandoffError: errors.handoff_error,
            ValidationException: errors.invalid_request,
            HTTPException: errors.framework_error,
            RecursionError: errors.too_deep,
            Exception: errors.our_fault,
        },
        before_send=[*before_send, *((timing.before_send,) if timing else ())],
        middleware=[timing.middleware] if timing else [],
        openapi_config=_openapi(public_url),
        request_max_body_size=MOST_BODY_BYTES,
        logging_config=None,
    )
    document_errors(app)
    return app


def _openapi(public_url: str) -> OpenAPIConfig:
    """Return the description of the API; the document is /schema/openapi.json, the page asks no other host."""
    return OpenAPIConfig(
        title="Operator Console broker",
        version=VERSION,
        description="Hand conversations from AI assistants to people, and get them back.",
        path="/schema",
        servers=[Server(url=public_url)],
        render_plugins=[JsonRenderPlugin(path=["/", "/openapi.json"])],
        security=[{"bearer": []}],
        components=Components(security_schemes={"bearer": SecurityScheme(type="http", scheme="bearer")}),
    )

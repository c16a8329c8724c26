"""Put the widget together by hand: from its settings to the routes that pages use."""

from dataclasses import dataclass

from litestar.types import BeforeMessageSendHookHandler, ControllerRouterHandler

from server.api.auth import DEFAULT_ORGANISATION
from server.api.origins import Origins
from server.api.throttle import Throttle
from server.api.widget import widget_routes
from server.api.widget_assets import WidgetAssets, WidgetFacts, asset_routes
from server.api.widget_door import Door
from server.broker.broker import Broker
from server.broker.page_calls import PageCalls
from server.broker.page_conversations import PageConversations, WidgetPolicy
from server.broker.page_talk import PageTalk
from server.broker.visits import Visits
from server.config import Config
from server.wire.terms import OrganisationId


@dataclass(frozen=True, slots=True)
class WidgetDesk:
    """The widget's part of the application."""

    routes: list[ControllerRouterHandler]
    before_send: list[BeforeMessageSendHookHandler]


def widget_desk(broker: Broker, config: Config, public_url: str) -> WidgetDesk:
    """Return the routes of the widget, and what they add to answers; nothing where it is off."""
    wanted = config.settings.widget
    if not wanted.enabled:
        return WidgetDesk([], [])
    secret = config.identity_secret
    policy = WidgetPolicy(
        organisation_id=OrganisationId(wanted.organisation or DEFAULT_ORGANISATION),
        assistant=wanted.assistant,
        queue=wanted.queue,
        person_first=wanted.first == "person",
        calls=wanted.calls != "off",
        identity_secret=secret.reveal().encode() if secret is not None else None,
        keep_days=wanted.keep_days,
    )
    parts = broker.parts
    visits = Visits(parts, policy)
    conversations = PageConversations(parts, policy, broker.intake)
    origins = Origins(wanted.origins, public_url)
    door = Door(
        visits=visits,
        talk=PageTalk(conversations, broker.messages, broker.files),
        calls=PageCalls(conversations, broker.calls),
        pages=broker.pages,
        passing=broker.passing,
        throttle=Throttle(parts.clock),
        origins=origins,
        file_rules=parts.file_rules,
        behind_proxy=config.settings.server.behind_proxy,
    )
    facts = WidgetFacts(
        title=wanted.title,
        greeting=wanted.greeting,
        calls=wanted.calls,
        records=config.queue(wanted.queue).record,
        first=wanted.first,
        most_bytes=parts.file_rules.most_bytes,
        types=parts.file_rules.types,
    )
    media = config.settings.media
    media_url = media.public_url or f"{'wss' if media.tls_cert else 'ws'}://{media.host}:*"
    assets = asset_routes(WidgetAssets(facts), demo=wanted.demo, media_url=media_url)
    broker.housekeeping.also(visits.forget_old)
    return WidgetDesk([*assets, widget_routes(door)], [origins.before_send])

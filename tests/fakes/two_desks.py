"""Give tests several organisations behind one REST API; everything of each is marked with a word of its own."""

import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Final, cast

import httpx

from server.api.app import build_app
from server.api.auth import Gate
from server.broker.broker import Broker
from server.broker.ports.records import Credential, Principal
from server.broker.ports.store import Unit
from server.core.presence import Operator
from server.storage.database import SqlDatabase
from server.wire import commands as c
from server.wire.requests import NewConversation, NewHandoff, NewMessage
from server.wire.terms import Author, Medium, OperatorId, OrganisationId, Presence, Role
from server.wire.views import FileView
from tests.world import World

INSTALLATION: Final = "installation"
"""The token of whoever runs the installation."""
ROLES: Final = tuple(role.value for role in Role)
ASSISTANT: Final = "assistant"


@dataclass(frozen=True)
class Place:
    """One organisation with a chat in an operator's hands: the ids of what is in it, by the name of a path's part."""

    organisation_id: OrganisationId
    mark: str
    people: dict[str, Principal]
    ids: dict[str, str]

    def token(self, who: str) -> str:
        return f"{who} of {self.organisation_id}"


async def settle_in(world: World, organisation_id: str, mark: str) -> Place:
    """Add an organisation with somebody of each role, an assistant, and a chat in which everything is marked."""
    organisation = OrganisationId(organisation_id)
    place = Place(organisation, mark, {}, {"organisation_id": organisation})
    await world.database.run(lambda unit: _people(unit, world, place))
    broker, assistant, operator = world.broker, place.people[ASSISTANT], place.people["operator"]
    chat = await broker.intake.create_conversation(
        assistant, NewConversation(medium=Medium.CHAT, customer_name=f"Ada {mark}", customer_id=f"ada-{mark}")
    )
    said = await broker.intake.append_message(
        assistant, chat.id, NewMessage(author=Author.CUSTOMER, text=f"it is {mark}")
    )
    session = await broker.intake.request_handoff(assistant, chat.id, NewHandoff(reason=f"about {mark}"), "")
    await world.settle()
    await broker.attendance.connect(organisation, OperatorId(operator.id))
    await world.settle()
    accepted = await broker.desk.execute(operator, c.Accept(id="accept-1", session_id=session.id, epoch=session.epoch))
    assert accepted.session is not None
    answer = c.Say(id="answer-1", session_id=session.id, epoch=accepted.session.epoch, text=f"I see {mark}")
    answered = await broker.desk.execute(operator, answer)
    assert answered.message is not None
    file: FileView = await broker.files.upload(operator, chat.id, f"{mark}.txt", _bytes(mark))
    await world.settle()
    contact = await world.database.read(lambda unit: unit.conversations.load(organisation, chat.id))
    assert contact is not None
    assert contact.contact_id is not None
    place.ids.update(
        conversation_id=chat.id,
        message_id=said.id,
        answer_id=answered.message.id,
        reference=session.id,
        number=session.number,
        epoch=str(accepted.session.epoch),
        file_id=file.id,
        contact_id=contact.contact_id,
        operator_id=operator.id,
        key_id=assistant.id,
        name=f"account-{mark}",
    )
    return place


async def _bytes(text: str) -> AsyncIterator[bytes]:
    yield text.encode()


def _people(unit: Unit, world: World, place: Place) -> None:
    now, organisation_id = world.clock.now(), place.organisation_id
    unit.roster.add_organisation(organisation_id, place.mark, now)
    for role in Role:
        one = Operator(
            id=OperatorId(f"op_{role.value}_{organisation_id}"),
            organisation_id=organisation_id,
            name=f"{role.value} {place.mark}",
            role=role,
            presence=Presence.AVAILABLE,
            since=now,
            idle_since=now,
        )
        unit.roster.insert(one)
        _credential(unit, world, place, role.value, one.id)
        place.people[role.value] = Principal(
            kind="operator", id=one.id, organisation_id=organisation_id, name=one.name, operator=one
        )
    key = f"k_{organisation_id}"
    _credential(unit, world, place, ASSISTANT, key)
    place.people[ASSISTANT] = Principal(kind="assistant", id=key, organisation_id=organisation_id, name="Robo")


def _credential(unit: Unit, world: World, place: Place, who: str, subject_id: str) -> None:
    assistant = who == ASSISTANT
    unit.roster.add_credential(
        Credential(
            id=subject_id if assistant else f"t_{subject_id}",
            organisation_id=place.organisation_id,
            kind="assistant" if assistant else "operator",
            subject_id=subject_id,
            name=f"{who} {place.mark}",
            sha256=_sha256(place.token(who)),
            created_at=world.clock.now(),
        )
    )


def rest(world: World) -> httpx.AsyncClient:
    """Return a client of the broker's REST API, without a network."""
    app: Any = build_app(world.broker, Gate(world.database, _sha256(INSTALLATION)), "http://desk", [])
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://desk")


def operations() -> list[tuple[str, str]]:
    """Return every operation of the API's own document, as (method, path)."""
    world = World()
    database = SqlDatabase("sqlite://", clock=world.clock)
    paths = build_app(cast("Broker", None), Gate(database), "http://desk", []).openapi_schema.to_schema()["paths"]
    methods = ("get", "post", "put", "patch", "delete")
    return [(method.upper(), path) for path, item in paths.items() for method in methods if method in item]


def bearer(token: str) -> dict[str, str]:
    """Return the header that carries a token; none for nobody."""
    return {"Authorization": f"Bearer {token}"} if token else {}


def _sha256(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()

"""Show the roster; add and remove operators and assistants' keys. A token is shown once, when it is made."""

from collections.abc import Sequence

import msgspec
from litestar import Controller, delete, get, patch, post
from litestar.params import FromPath

from server.api.auth import require, sha256
from server.api.conversations import BrokerDependency, PrincipalDependency
from server.broker.broker import Broker
from server.broker.plans import need_room
from server.broker.ports.records import Credential, Principal
from server.broker.ports.store import Unit
from server.core.errors import NotFoundError
from server.core.permissions import Action
from server.core.presence import Operator
from server.wire.keys import KeyView, NewToken
from server.wire.requests import KeyChange, NewKey, NewOperator, OperatorChange
from server.wire.sanitize import clean_line
from server.wire.terms import Limited, OperatorId, Presence
from server.wire.views import OperatorView


class Administration(Controller):
    """Operators and keys of one organisation."""

    path = "/v1"
    tags = ("administration",)

    @get("/operators", summary="The roster")
    async def operators(self, broker: BrokerDependency, principal: PrincipalDependency) -> Sequence[OperatorView]:
        """Return everybody, with presence and work in hand."""
        require(principal, Action.VIEW)
        return await broker.parts.database.read(lambda unit: unit.views.operators(principal.organisation_id))

    @post("/operators", summary="Add an operator")
    async def add_operator(
        self, broker: BrokerDependency, principal: PrincipalDependency, data: NewOperator
    ) -> NewToken:
        """Add a person and return their token."""
        require(principal, Action.ADMINISTER)
        now = broker.parts.clock.now()
        operator = Operator(
            id=OperatorId(broker.parts.new_id("o")),
            organisation_id=principal.organisation_id,
            name=clean_line(data.name, 60) or "operator",
            role=data.role,
            presence=Presence.OFFLINE,
            since=now,
            idle_since=now,
            skills=data.skills,
        )
        token = f"op_{broker.parts.new_secret()}"
        credential = _credential(
            broker, principal, kind="operator", subject_id=operator.id, name=operator.name, token=token
        )

        def work(unit: Unit) -> None:
            unit.roster.add_organisation(principal.organisation_id, principal.organisation_id, now)
            need_room(unit, broker.parts, principal.organisation_id, Limited.OPERATORS)
            unit.roster.insert(operator)
            unit.roster.add_credential(credential)
            unit.ledger.tell_operator(principal.organisation_id, operator.id)

        await broker.parts.database.run(work)
        return NewToken(id=operator.id, name=operator.name, token=token)

    @patch("/operators/{operator_id:str}", summary="Change an operator")
    async def change_operator(
        self, broker: BrokerDependency, principal: PrincipalDependency, operator_id: FromPath[str], data: OperatorChange
    ) -> OperatorView:
        """Change what a person can do, and how much at once; what is left out stays."""
        require(principal, Action.ADMINISTER)
        view = await broker.attendance.change(principal.organisation_id, OperatorId(operator_id), data)
        if view is None:
            raise NotFoundError("no_such_operator", "There is no such operator.", "List them with GET /v1/operators.")
        return view

    @delete("/operators/{operator_id:str}", summary="Remove an operator")
    async def remove_operator(
        self, broker: BrokerDependency, principal: PrincipalDependency, operator_id: FromPath[str]
    ) -> None:
        """Disable a person and revoke their tokens: their consoles are closed, what they had in hand queues again."""
        require(principal, Action.ADMINISTER)
        if not await broker.attendance.remove(principal.organisation_id, OperatorId(operator_id)):
            raise NotFoundError("no_such_operator", "There is no such operator.", "List them with GET /v1/operators.")
        broker.passing.revoke(operator_id)

    @get("/keys", summary="Assistants' keys")
    async def keys(self, broker: BrokerDependency, principal: PrincipalDependency) -> Sequence[KeyView]:
        """Return all keys, revoked ones too."""
        require(principal, Action.ADMINISTER)
        found = await broker.parts.database.read(
            lambda unit: unit.roster.credentials(principal.organisation_id, "assistant")
        )
        return [_key_view(one) for one in found]

    @post("/keys", summary="Add an assistant's key")
    async def add_key(self, broker: BrokerDependency, principal: PrincipalDependency, data: NewKey) -> NewToken:
        """Make a key and return its token."""
        require(principal, Action.ADMINISTER)
        token = f"ak_{broker.parts.new_secret()}"
        key_id = broker.parts.new_id("k")
        name = clean_line(data.name, 60)
        credential = _credential(broker, principal, kind="assistant", subject_id=key_id, name=name, token=token)

        def work(unit: Unit) -> None:
            unit.roster.add_organisation(principal.organisation_id, principal.organisation_id, credential.created_at)
            need_room(unit, broker.parts, principal.organisation_id, Limited.ASSISTANTS)
            unit.roster.add_credential(credential)

        await broker.parts.database.run(work)
        return NewToken(id=key_id, name=credential.name, token=token)

    @patch("/keys/{key_id:str}", summary="Change an assistant's key")
    async def change_key(
        self, broker: BrokerDependency, principal: PrincipalDependency, key_id: FromPath[str], data: KeyChange
    ) -> KeyView:
        """Say whether the assistant may ask for people; handoffs that are open stay."""
        require(principal, Action.ADMINISTER)

        def work(unit: Unit) -> KeyView:
            known = unit.roster.credentials(principal.organisation_id, "assistant")
            changed = next((one for one in known if one.id == key_id), None)
            if changed is None:
                raise NotFoundError("no_such_key", "There is no such key.", "List them with GET /v1/keys.")
            unit.roster.set_handoff(principal.organisation_id, key_id, on=data.handoff)
            return _key_view(msgspec.structs.replace(changed, handoff=data.handoff))

        return await broker.parts.database.run(work)

    @delete("/keys/{key_id:str}", summary="Revoke an assistant's key")
    async def revoke_key(self, broker: BrokerDependency, principal: PrincipalDependency, key_id: FromPath[str]) -> None:
        """Revoke a key; its open event streams are closed."""
        require(principal, Action.ADMINISTER)
        now = broker.parts.clock.now()
        done = await broker.parts.database.run(
            lambda unit: unit.roster.revoke_credential(principal.organisation_id, key_id, now)
        )
        if not done:
            raise NotFoundError("no_such_key", "There is no such key.", "List them with GET /v1/keys.")
        broker.passing.revoke(key_id)


def _key_view(key: Credential) -> KeyView:
    """Return a key as people see it."""
    return KeyView(id=key.id, name=key.name, created_at=key.created_at, revoked_at=key.revoked_at, handoff=key.handoff)


def _credential(
    broker: Broker, principal: Principal, *, kind: str, subject_id: str, name: str, token: str
) -> Credential:
    """Return a token as it is kept; an assistant's key is known by the same id as its token."""
    return Credential(
        id=subject_id if kind == "assistant" else broker.parts.new_id("t"),
        organisation_id=principal.organisation_id,
        kind=kind,
        subject_id=subject_id,
        name=name,
        sha256=sha256(token),
        created_at=broker.parts.clock.now(),
    )

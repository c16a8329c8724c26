"""Let administrators give out and erase what is kept of a person, and check that the audit was only ever added to."""

from typing import Annotated

from litestar import Controller, get, post
from litestar.params import FromPath, QueryParameter
from litestar.status_codes import HTTP_200_OK

from server.api.auth import require
from server.api.conversations import BrokerDependency, PrincipalDependency
from server.core.permissions import Action
from server.wire.audit import AuditCheck
from server.wire.privacy import ContactExport, Erasure
from server.wire.requests import PrivacyRequest
from server.wire.sanitize import clean_line
from server.wire.terms import ContactId


class PrivacyOfContacts(Controller):
    """What the law asks about."""

    path = "/v1"
    tags = ("privacy",)

    @post("/contacts/{contact_id:str}/export", summary="All that is kept of a contact", status_code=HTTP_200_OK)
    async def export(
        self, broker: BrokerDependency, principal: PrincipalDependency, contact_id: FromPath[str], data: PrivacyRequest
    ) -> ContactExport:
        """Return every conversation, turn, former text, handoff, note and visit; the audit says who asked and why."""
        require(principal, Action.ADMINISTER)
        return await broker.privacy.export(principal, ContactId(contact_id), clean_line(data.reason, 200))

    @post("/contacts/{contact_id:str}/erase", summary="Erase a contact", status_code=HTTP_200_OK)
    async def erase(
        self, broker: BrokerDependency, principal: PrincipalDependency, contact_id: FromPath[str], data: PrivacyRequest
    ) -> Erasure:
        """Erase a contact with all of theirs, and return what was looked for afterwards, where, and what is left."""
        require(principal, Action.ADMINISTER)
        return await broker.privacy.erase(principal, ContactId(contact_id), clean_line(data.reason, 200))

    @get("/audit/check", summary="Check the audit")
    async def check(
        self,
        broker: BrokerDependency,
        principal: PrincipalDependency,
        entry: Annotated[int, QueryParameter(ge=0, le=2**31 - 1, description="A record whose hash was noted.")] = 0,
        sha256: Annotated[str, QueryParameter(max_length=64, description="The hash that was noted.")] = "",
    ) -> AuditCheck:
        """Go through the whole chain; with `entry` and `sha256`, also see that the record noted is still that one."""
        require(principal, Action.ADMINISTER)
        return await broker.privacy.check_audit(principal, entry, sha256)

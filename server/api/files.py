"""Take and give the bytes of files; what goes out is an attachment that no browser runs."""

from typing import Annotated
from urllib.parse import quote

from litestar import Controller, get, post
from litestar.params import FromPath, QueryParameter
from litestar.response import Stream

from server.api.auth import require
from server.api.conversations import BrokerDependency, PrincipalDependency
from server.api.errors import AnyRequest
from server.core.files import too_large
from server.core.permissions import Action
from server.wire.terms import ConversationId, FileId
from server.wire.views import FileView


class Files(Controller):
    """Files of conversations."""

    path = "/v1"
    tags = ("files",)

    @post(
        "/conversations/{conversation_id:str}/files",
        summary="Upload a file",
        request_max_body_size=None,  # the limit is [files] most_bytes, counted as the bytes come
    )
    async def upload(
        self,
        broker: BrokerDependency,
        principal: PrincipalDependency,
        request: AnyRequest,
        conversation_id: FromPath[str],
        name: Annotated[str, QueryParameter(max_length=1_000, description="What its sender calls it.")] = "",
    ) -> FileView:
        """Keep the bytes of the body; name the file's id in the next message."""
        if principal.operator is not None:
            require(principal, Action.HANDLE)
        announced = request.headers.get("content-length", "")
        if announced.isdecimal() and int(announced) > broker.parts.file_rules.most_bytes:
            raise too_large(broker.parts.file_rules)
        return await broker.files.upload(principal, ConversationId(conversation_id), name, request.stream())

    @get("/files/{file_id:str}", summary="Download a file")
    async def download(
        self, broker: BrokerDependency, principal: PrincipalDependency, file_id: FromPath[str]
    ) -> Stream:
        """Return the bytes of a file, as an attachment."""
        if principal.operator is not None:
            require(principal, Action.VIEW)
        found = await broker.files.download(principal, FileId(file_id))
        return Stream(found.pieces, media_type=found.view.media_type, headers=headers_of(found.view))


def headers_of(file: FileView) -> dict[str, str]:
    """Return what keeps a browser from doing anything with the bytes but saving them."""
    plain = "".join(char if char.isascii() and (char.isalnum() or char in "._- ") else "_" for char in file.name)
    return {
        "Content-Disposition": f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(file.name, safe='')}",
        "Content-Length": str(file.size),
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "private, no-store",
    }

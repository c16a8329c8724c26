"""Take what web pages with the widget send: visits, words, files, wishes for a person, scores, calls.

Before: `server.api.origins` let the page in. After: the broker's use cases for visitors have it.
"""

from typing import Annotated

from litestar import Router, get, post, put, websocket
from litestar.handlers import HTTPRouteHandler, WebsocketRouteHandler
from litestar.params import FromPath, QueryParameter
from litestar.response import Stream

from server.api.errors import AnyRequest
from server.api.files import headers_of
from server.api.sockets import Socket, deny
from server.api.widget_door import Door, token_of
from server.api.widget_socket import serve_page
from server.core.errors import HandoffError
from server.core.files import too_large
from server.wire.terms import FileId, MessageId
from server.wire.views import FileView
from server.wire.widget import (
    CallView,
    NewCall,
    NewVisit,
    PersonWish,
    TalkState,
    Turns,
    VisitorEdit,
    VisitorMessage,
    VisitorScore,
    VisitView,
    WidgetMessage,
)

MOST_BODY_BYTES = 32 * 1024
"""The longest body of a page's request, files aside: 4,000 characters of any script fit."""


def widget_routes(door: Door) -> Router:
    """Return everything that pages of other sites may ask."""

    @post("/visits", status_code=200, summary="Come to a page")
    async def come(request: AnyRequest, data: NewVisit) -> VisitView:
        """Begin a visit, or take up an earlier one."""
        door.throttle.take("visit", door.address(request))
        return await door.visits.come(token_of(request), data)

    return Router(
        "/v1/widget",
        route_handlers=[come, *_talk_routes(door), *_file_routes(door), *_people_routes(door), _live(door)],
        guards=[door.origins.guard],
        tags=["widget"],
        request_max_body_size=MOST_BODY_BYTES,
    )


def _talk_routes(door: Door) -> list[HTTPRouteHandler]:
    @post("/messages", summary="Write")
    async def say(request: AnyRequest, data: VisitorMessage) -> WidgetMessage:
        """Append what the visitor wrote; the same key again is the same message."""
        visitor = await door.visitor(request, "message")
        message = await door.talk.say(visitor, data)
        door.pages.look(visitor.id)
        return message

    @put("/messages/{message_id:str}", summary="Change what one wrote")
    async def edit(request: AnyRequest, message_id: FromPath[str], data: VisitorEdit) -> WidgetMessage:
        """Change one's own message; an empty text takes it back."""
        return await door.talk.edit(await door.visitor(request, "message"), MessageId(message_id), data.text)

    @get("/messages", summary="Read earlier turns")
    async def turns(
        request: AnyRequest, before: Annotated[int, QueryParameter(ge=1, description="Only positions below this.")]
    ) -> Turns:
        """Return what was said before."""
        return await door.talk.turns(await door.visitor(request), before=before)

    @post("/end", status_code=204, summary="End the chat")
    async def end(request: AnyRequest) -> None:
        """End it; done twice, it stays ended."""
        await door.talk.end(await door.visitor(request))

    return [say, edit, turns, end]


def _file_routes(door: Door) -> list[HTTPRouteHandler]:
    @post("/files", summary="Upload a file", request_max_body_size=None)  # counted as the bytes come
    async def upload(
        request: AnyRequest,
        name: Annotated[str, QueryParameter(max_length=1_000, description="What it is called.")] = "",
    ) -> FileView:
        """Keep the bytes of the body; name the file's id in the next message."""
        announced = request.headers.get("content-length", "")
        if announced.isdecimal() and int(announced) > door.file_rules.most_bytes:
            raise too_large(door.file_rules)
        return await door.talk.upload(await door.visitor(request, "upload"), name, request.stream())

    @get("/files/{file_id:str}", summary="Download a file")
    async def download(request: AnyRequest, file_id: FromPath[str]) -> Stream:
        """Return the bytes of a file of the visitor's own chat, as an attachment."""
        found = await door.talk.download(await door.visitor(request), FileId(file_id))
        return Stream(found.pieces, media_type=found.view.media_type, headers=headers_of(found.view))

    return [upload, download]


def _people_routes(door: Door) -> list[HTTPRouteHandler]:
    @post("/person", status_code=200, summary="Ask for a person")
    async def person(request: AnyRequest, data: PersonWish) -> TalkState:
        """Call for a person, as the visitor's own wish."""
        visitor = await door.visitor(request, "person")
        state = await door.talk.ask_for_person(visitor, data)
        door.pages.look(visitor.id)
        return state

    @post("/score", status_code=204, summary="Say how content one is")
    async def score(request: AnyRequest, data: VisitorScore) -> None:
        """Keep how content the visitor is with a talk; the last word counts."""
        await door.talk.score(await door.visitor(request, "score"), data)

    @post("/call", summary="Call from the page")
    async def call(request: AnyRequest) -> CallView:
        """Begin a call and return where its audio connects."""
        visitor = await door.visitor(request, "call")
        call = await door.calls.call(visitor)
        door.pages.look(visitor.id)
        return call

    @post("/call/person", status_code=204, summary="Put the call into the queue")
    async def call_person(request: AnyRequest, data: NewCall) -> None:
        """Call for a person to the call that is on the line."""
        await door.calls.call_person(await door.visitor(request), data.consent)

    @post("/call/end", status_code=204, summary="Hang up")
    async def hang_up(request: AnyRequest) -> None:
        """End the call; done twice, it stays ended."""
        await door.calls.hang_up(await door.visitor(request))

    return [person, score, call, call_person, hang_up]


def _live(door: Door) -> WebsocketRouteHandler:
    @websocket("/live", guards=[])
    async def live(socket: Socket) -> None:
        """Tell a page what happens."""
        try:
            door.origins.check(socket.headers.get("origin"), changes=True)
            door.throttle.take("socket", door.address(socket))
        except HandoffError as error:
            await deny(socket, error)
            return
        await socket.accept()
        await serve_page(socket, door)

    return live

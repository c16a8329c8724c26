"""Say whether the broker lives and is ready; without a token, and without saying anything about anybody."""

from litestar import Response, get

from server.api.conversations import BrokerDependency
from server.core.errors import HandoffError
from server.wire.version import PROTOCOL, VERSION


@get("/healthz", summary="Alive", tags=["health"])
async def healthz() -> dict[str, str | int]:
    """Answer while the process lives, with its version and protocol."""
    return {"status": "ok", "version": VERSION, "protocol": PROTOCOL}


@get("/readyz", summary="Ready", tags=["health"])
async def readyz(broker: BrokerDependency) -> Response[dict[str, str]]:
    """Answer 200 when handoffs can be taken in, 503 while starting, draining or without the database."""
    try:
        await broker.parts.database.read(lambda unit: len(unit.roster.organisations()))
    except HandoffError as error:
        return Response({"status": "not ready", "reason": error.code}, status_code=503)
    if not broker.ready:
        return Response({"status": "not ready", "reason": "starting"}, status_code=503)
    return Response({"status": "ready"})

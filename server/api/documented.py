"""Write the one body of every refusal into the OpenAPI document, for every operation."""

from litestar import Litestar
from litestar.openapi.spec import (
    OpenAPIMediaType,
    OpenAPIResponse,
    OpenAPIType,
    Operation,
    PathItem,
    Reference,
    Schema,
)

ERROR_NAME = "ErrorBody"

_TEXT = Schema(type=OpenAPIType.STRING)
_ERROR = Schema(
    type=OpenAPIType.OBJECT,
    description="Every refusal: a stable code, a sentence, what to do next, and facts that belong to the code.",
    properties={
        "code": _TEXT,
        "message": _TEXT,
        "hint": _TEXT,
        "details": Schema(type=OpenAPIType.OBJECT, additional_properties=_TEXT),
    },
    required=["code", "message"],
)


def document_errors(app: Litestar) -> None:
    """Name `ErrorBody` as the answer to everything that is refused, 4xx and 503."""
    document = app.openapi_schema
    document.components.schemas[ERROR_NAME] = _ERROR
    for path in (document.paths or {}).values():
        for operation in _operations(path):
            refused = OpenAPIResponse(description="Refused", content={"application/json": _body()})
            operation.responses = {**(operation.responses or {}), "400": refused, "4XX": refused, "503": refused}


def _operations(path: PathItem) -> list[Operation]:
    """Return what can be done at one path."""
    return [one for one in (path.get, path.post, path.put, path.patch, path.delete) if one is not None]


def _body() -> OpenAPIMediaType:
    """Return the reference to the body."""
    return OpenAPIMediaType(schema=Reference(ref=f"#/components/schemas/{ERROR_NAME}"))

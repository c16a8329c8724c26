"""Say what the configuration tells about files."""

from typing import Annotated

from msgspec import Meta

from server.config_section import Section


class FilesSettings(Section, frozen=True, kw_only=True):
    """Files that customers and operators send each other."""

    most_bytes: Annotated[int, Meta(ge=0, le=2_000_000_000, description="The longest file taken.")] = 20_000_000
    keep_days: Annotated[
        int, Meta(ge=1, le=36_500, description="A file's bytes are erased after so many days; the message stays.")
    ] = 90
    types: Annotated[
        tuple[Annotated[str, Meta(min_length=3, max_length=100)], ...],
        Meta(
            max_length=100,
            description="Kinds that are taken, told by a file's first bytes. An empty list takes none; "
            "application/octet-stream takes everything else.",
        ),
    ] = (
        "image/png",
        "image/jpeg",
        "image/gif",
        "image/webp",
        "application/pdf",
        "text/plain",
        "application/zip",
        "audio/mpeg",
        "audio/ogg",
        "audio/wav",
        "video/mp4",
    )

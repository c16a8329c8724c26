"""Show a text in another language, beside the one that was said."""

import msgspec

from server.wire.terms import TranslationState


class TranslationView(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True, gc=False):
    """A text in another language, beside the one that was said and never in its place.

    Attributes:
        state: What `text` is.
        text: Plain text; empty where none came.
        language: Of `text`: two letters (ISO 639-1), or empty when it is not known.
        source: The language that `text` was made from.
        failure: Why no translation came, in words.
    """

    state: TranslationState
    text: str = ""
    language: str = ""
    source: str = ""
    failure: str = ""

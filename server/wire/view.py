"""Give all views their shape."""

import msgspec


class View(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True, gc=False):
    """What all views share: frozen, keyword-only, defaults left out of the JSON.

    Never part of a cycle, being frozen: so none is tracked by the collector, which would walk through all of them.
    """

"""Hold what all sections of the configuration share."""

import msgspec


class Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What all sections share: frozen, and no setting that nothing reads."""

"""An installation's own secrets are made once, kept for their owner alone, and refused when others can read them."""

import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from server.core.errors import CallerError
from server.own_secrets import admin_token, link_key
from server.places import ADMIN_TOKEN, LINK_KEY

pytestmark = pytest.mark.unit

EACH = pytest.mark.parametrize(("make", "name"), [(admin_token, ADMIN_TOKEN), (link_key, LINK_KEY)])


@EACH
def test_it_is_the_same_at_every_start_and_its_owners_alone(
    make: Callable[[Path], str | bytes], name: str, tmp_path: Path
) -> None:
    first = make(tmp_path)
    assert len(first) >= 20
    assert make(tmp_path) == first
    assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600


@EACH
def test_it_is_refused_when_others_can_read_it(make: Callable[[Path], str | bytes], name: str, tmp_path: Path) -> None:
    make(tmp_path)
    (tmp_path / name).chmod(0o644)
    with pytest.raises(CallerError) as refused:
        make(tmp_path)
    assert refused.value.code.endswith("_exposed")
    assert f"chmod 600 {tmp_path / name}" in refused.value.hint

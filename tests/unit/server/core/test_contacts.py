"""Rules of recognising: numbers and addresses in one plain form, strangers are nobody."""

import pytest

from server.core.contacts import identities_of, meant, phone_number
from server.wire.terms import IdentityKind

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("+1 555 0142", "+15550142"),
        ("0049 (30) 123-456", "+4930123456"),
        ("030/123456", "030123456"),
        ("12345", ""),
        ("+266696687", ""),
        ("call me", ""),
        ("+1 555 0142 ext", ""),
        ("٠٣٠١٢٣٤٥٦", ""),
    ],
)
def test_a_number_has_one_plain_form(written: str, plain: str) -> None:
    assert phone_number(written) == plain


@pytest.mark.parametrize(
    ("channel", "handle", "customer_id", "kinds"),
    [
        ("twilio", "+1 555 0142", "", ["phone:+15550142"]),
        ("web", "Joe@Example.com", " A-7 ", ["external:A-7", "email:joe@example.com"]),
        ("telegram", "@Joe", "", ["handle:telegram:@joe"]),
        ("web", "guest", "", []),
        ("api", "+49 *** 12", "", []),
        ("api", "j•••@example.com", "", []),
        ("api", "", "", []),
        ("twilio", "+7378742833", "", []),
        ("api", "12345", "", []),
    ],
)
def test_a_customer_is_recognised_by_what_only_they_have(
    channel: str, handle: str, customer_id: str, kinds: list[str]
) -> None:
    assert [f"{one.kind}:{one.value}" for one in identities_of(channel, handle, customer_id)] == kinds


def test_whoever_looks_somebody_up_may_mean_any_kind() -> None:
    kinds = {one.kind for one in meant("+1 555 0142")}
    assert kinds == {IdentityKind.EXTERNAL, IdentityKind.HANDLE, IdentityKind.PHONE}

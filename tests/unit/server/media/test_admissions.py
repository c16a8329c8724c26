"""Tokens: once, in time, for one door; the newest of a role counts."""

import hashlib

import pytest

from server.broker.ports.media import Admission
from server.media.admissions import MOST_PENDING, AdmissionBook, RefusedError
from server.wire.terms import ConversationId, LegId, LegRole

pytestmark = pytest.mark.unit


def admission(
    token: str, role: LegRole = LegRole.OPERATOR, *, call: str = "c", epoch: int = 1, external_id: str = ""
) -> Admission:
    return Admission(
        call_id=ConversationId(call),
        leg_id=LegId("leg-" + token),
        role=role,
        token_sha256=hashlib.sha256(token.encode()).hexdigest().upper(),
        epoch=epoch,
        transport="console",
        expires_in_seconds=30,
        external_id=external_id,
    )


def refused(
    book: AdmissionBook, token: str, transport: str = "console", external_id: str = "", now: float = 0.0
) -> str:
    with pytest.raises(RefusedError) as error:
        book.redeem(token, transport, external_id, now)
    return error.value.reason


def test_a_token_is_good_once() -> None:
    book = AdmissionBook()
    book.register(admission("t"), 0.0)
    assert book.redeem("t", "console", "", 29.9).admission.leg_id == "leg-t"
    assert refused(book, "t") == "used"


def test_a_used_token_is_not_revived_when_the_broker_repeats_itself() -> None:
    book = AdmissionBook()
    book.register(admission("t"), 0.0)
    book.redeem("t", "console", "", 1.0)
    book.register(admission("t"), 2.0)
    assert refused(book, "t") == "used"


def test_each_way_to_be_wrong_has_its_reason() -> None:
    book = AdmissionBook()
    book.register(admission("t", external_id="CA1"), 0.0)
    assert refused(book, "guess") == "unknown"
    assert refused(book, "\udcff") == "unknown"
    assert refused(book, "t", "twilio") == "transport"
    assert refused(book, "t", external_id="CA2") == "external_id"
    assert refused(book, "t", external_id="CA1", now=30.0) == "expired"


def test_a_wrong_try_does_not_burn_the_token() -> None:
    book = AdmissionBook()
    book.register(admission("t", external_id="CA1"), 0.0)
    refused(book, "t", "stream")
    refused(book, "t", external_id="CA2")
    assert book.redeem("t", "console", "CA1", 1.0)


def test_a_newer_admission_voids_the_older_of_its_role_only() -> None:
    book = AdmissionBook()
    book.register(admission("other", LegRole.CALLER), 0.0)
    book.register(admission("old"), 0.0)
    book.register(admission("new"), 0.0)
    assert refused(book, "old") == "unknown"
    assert book.redeem("new", "console", "", 1.0).serial > book.redeem("other", "console", "", 1.0).serial


def test_an_admission_of_a_lower_epoch_is_ignored() -> None:
    book = AdmissionBook()
    book.register(admission("new", epoch=5), 0.0)
    book.register(admission("late", epoch=4), 0.0)
    assert refused(book, "late") == "unknown"
    assert book.redeem("new", "console", "", 1.0)


def test_a_call_that_ended_expects_nobody() -> None:
    book = AdmissionBook()
    book.register(admission("t"), 0.0)
    assert book.expects(ConversationId("c"))
    book.drop_call(ConversationId("c"))
    assert not book.expects(ConversationId("c"))
    assert refused(book, "t") == "unknown"


def test_time_empties_the_book() -> None:
    book = AdmissionBook()
    book.register(admission("a", LegRole.CALLER), 0.0)
    book.register(admission("b"), 0.0)
    book.redeem("b", "console", "", 1.0)
    book.forget_expired(31.0)
    assert not book.expects(ConversationId("c"))
    assert refused(book, "b") == "unknown"


def test_the_book_has_a_bound() -> None:
    book = AdmissionBook()
    for number in range(MOST_PENDING + 1):
        book.register(admission(f"t{number}", call=f"c{number}"), 0.0)
    assert refused(book, "t0") == "unknown"
    assert book.redeem("t1", "console", "", 1.0)

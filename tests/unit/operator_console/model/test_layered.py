"""A layered mapping is the mapping it stands for, and a change of it copies little."""

from hypothesis import given
from hypothesis import strategies as st

from operator_console.model.layered import Changing, Layered

changes = st.lists(st.lists(st.tuples(st.integers(0, 30), st.one_of(st.none(), st.text(max_size=3))), max_size=6))


@given(first=st.dictionaries(st.integers(0, 30), st.text(max_size=3)), batches=changes)
def test_changes_end_where_a_plain_dict_ends_and_leave_every_older_one_as_it_was(
    first: dict[int, str], batches: list[list[tuple[int, str | None]]]
) -> None:
    known, plain = dict(first), dict(first)
    mapping, older = Changing(known).done(), []
    for batch in batches:
        older.append((mapping, dict(plain)))
        changing = Changing(mapping)
        for key, value in batch:
            if value is not None:
                changing[key] = plain[key] = value
            elif key in plain:
                del changing[key], plain[key]
            assert dict(changing) == plain
            assert len(changing) == len(plain)
        mapping = changing.done()
        assert dict(mapping) == plain
        assert len(mapping) == len(plain)
        assert all((key in mapping) is (key in plain) for key in range(31))
        assert mapping.get(99) is None
    assert all(dict(was) == then for was, then in older)
    assert known == first


def test_a_change_copies_a_small_part_of_ten_thousand() -> None:
    mapping = Changing(dict.fromkeys(range(10000), "")).done()
    copied = whole = 0
    for n in range(1_000):
        changing = Changing(mapping)
        changing[n] = "changed"
        before, mapping = mapping, changing.done()
        assert isinstance(mapping, Layered)
        below, over = mapping.parts
        copied += len(over)
        whole += isinstance(before, Layered) and below is not before.parts[0]
    assert copied < 1_000 * 150
    assert 0 < whole < 10


def test_nothing_changed_is_the_same_mapping() -> None:
    known = {1: "a"}
    assert Changing(known).done() is known

"""What a filter finds is kept up change by change, and is what asking it about all sessions would find."""

import pytest

from operator_console.model import ledger
from operator_console.model.inputs import Filtered
from operator_console.model.select import filtered, row_of, visible_keys, visible_order
from operator_console.model.state import DeskModel
from operator_console.model.update import update
from tests.fakes.console_data import session, snapshot
from tests.fakes.desk_changes import Happenings

pytestmark = pytest.mark.unit


@pytest.mark.parametrize("seed", range(8))
def test_the_rows_after_each_change_are_those_of_a_filter_over_everything(seed: int) -> None:
    model = update(DeskModel(), snapshot(*(session(n) for n in range(25))))
    happening = Happenings(seed)
    for _ in range(250):
        model = update(model, happening.one(model))
        assert model.found == filtered(model).found
        order = visible_order(model)
        assert [row_of(model, id_) for id_ in order] == list(range(len(order)))
        assert list(visible_keys(model)) == sorted(visible_keys(model))
        hidden = set(model.sessions) - set(order)
        assert all(row_of(model, id_) is None for id_ in hidden)


def test_a_change_asks_the_filter_about_its_own_session_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    model = update(DeskModel(), snapshot(*(session(n) for n in range(500))))
    model = update(model, Filtered("billing"))
    asked: list[str] = []
    real = ledger.lets_through

    def counted(view: object, *rest: object) -> bool:
        asked.append(str(view))
        return real(view, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(ledger, "lets_through", counted)
    happening = Happenings(1, looks=False)
    for _ in range(100):
        model = update(model, happening.one(model))
    assert 0 < len(asked) <= 100

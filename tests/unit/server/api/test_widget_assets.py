"""What browsers load of the widget is small, always the same bytes, and never of two versions at once."""

import gzip
import json
import re
from pathlib import Path

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from server.api import errors
from server.api.widget_assets import DEMO_FILES, FOLDER, LOADER, WidgetAssets, WidgetFacts, asset_routes
from server.core.errors import HandoffError

pytestmark = pytest.mark.unit

MOST_BYTES = 30 * 1024
FACTS = WidgetFacts(title="</script><b>", most_bytes=7, types=("image/png",))


def client(*, demo: bool = False) -> TestClient[Litestar]:
    routes = asset_routes(WidgetAssets(FACTS), demo=demo, media_url="wss://media.example.com")
    return TestClient(Litestar(routes, exception_handlers={HandoffError: errors.handoff_error}))


def test_all_of_it_fits_into_thirty_kilobytes_packed() -> None:
    assets = WidgetAssets(FACTS)
    assert 10_000 < assets.packed_bytes <= MOST_BYTES


def test_the_same_files_give_the_same_bytes_and_any_change_another_path(tmp_path: Path) -> None:
    for path in FOLDER.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    one, other = WidgetAssets(FACTS), WidgetAssets(FACTS, tmp_path)
    assert (one.version, one.files) == (other.version, other.files)
    (tmp_path / "texts.js").write_text("export const languages = {};")
    assert WidgetAssets(FACTS, tmp_path).version != one.version


def test_the_loader_knows_the_settings_and_cannot_be_broken_out_of() -> None:
    with client() as browser:
        loader = browser.get("/widget.js").text
    told = json.loads(re.search(r"const config = (\{.*\});", loader)[1])  # type: ignore[index]
    assert told["title"] == "</script><b>"
    assert told["mostBytes"] == 7
    assert told["types"] == ["image/png"]
    assert "<" not in re.search(r"const config = (.*);", loader)[1]  # type: ignore[index]


def test_files_last_for_ever_under_their_version_and_the_loader_for_minutes() -> None:
    version = WidgetAssets(FACTS).version
    with client() as browser:
        loader, main = browser.get("/widget.js"), browser.get(f"/widget/{version}/main.js")
        assert loader.headers["cache-control"] == "public, max-age=300"
        assert "immutable" in main.headers["cache-control"]
        for answer in (loader, main):
            assert answer.headers["content-type"].startswith("text/javascript")
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert answer.headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
            assert answer.headers["content-encoding"] == "gzip"
        again = browser.get("/widget.js", headers={"If-None-Match": loader.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        plain = browser.get("/widget.js", headers={"Accept-Encoding": "identity"})
        assert plain.content == loader.content
        for path in (f"/widget/old/{LOADER}", "/widget/0000000000000000/main.js", f"/widget/{version}/..%2Fapp.py"):
            assert browser.get(path).status_code == 404


def test_the_demo_page_is_there_only_where_it_is_wanted() -> None:
    with client() as browser:
        assert browser.get("/widget/demo").status_code == 404
        assert browser.get("/widget/demo/demo.css").status_code == 404
    with client(demo=True) as browser:
        page = browser.get("/widget/demo")
        assert page.status_code == 200
        assert "connect-src 'self' wss://media.example.com;" in page.headers["content-security-policy"]
        assert "unsafe" not in page.headers["content-security-policy"]
        assert browser.get("/widget/demo/demo.css").status_code == 200


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.js")), ids=lambda path: path.name)
def test_no_file_of_it_makes_html_or_script_of_a_string(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    forbidden = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|setTimeout\(['\"]|srcdoc"
    assert not re.search(forbidden, text)
    assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)", text.replace(r"https?:\/\/", "")), "another host"
    assert text.startswith("//"), "the first line says what it is for"


def test_what_is_packed_unpacks_to_what_is_written() -> None:
    for name, asset in WidgetAssets(FACTS).files.items():
        assert gzip.decompress(asset.packed) == asset.plain
        if name not in {LOADER, *DEMO_FILES}:
            assert asset.plain == (FOLDER / name).read_bytes()

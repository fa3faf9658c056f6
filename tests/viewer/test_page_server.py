"""The page's server: files, headers, where the services are."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from trackmania_rl.protocol.errors import InputError
from trackmania_rl.viewer.server import read_files, viewer_app

PAGE = "<!doctype html><title>TrackMania RL</title>"
SCRIPT = "console.log('lights out');" * 50


@pytest.fixture
def built(tmp_path: Path) -> Path:
    """A page of three files, laid out as the build does."""
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text(PAGE)
    (tmp_path / "assets" / "index-a1b2.js").write_text(SCRIPT)
    (tmp_path / "logo.svg").write_text("<svg/>")
    return tmp_path


def client(built: Path, **services: str) -> TestClient[Litestar]:
    return TestClient(viewer_app(files=read_files(built), **services), base_url="http://pit.lane:3000")


def test_files_have_their_types_and_lifetimes(built: Path) -> None:
    with client(built) as page:
        index = page.get("/")
        assert (index.status_code, index.text) == (200, PAGE)
        assert index.headers["content-type"] == "text/html; charset=utf-8"
        assert index.headers["cache-control"] == "no-cache"
        script = page.get("/assets/index-a1b2.js")
        assert script.headers["content-type"].startswith("text/javascript")
        assert "immutable" in script.headers["cache-control"]
        assert page.get("/logo.svg").headers["content-type"].startswith("image/svg+xml")


def test_text_is_sent_small_to_those_who_can_read_it(built: Path) -> None:
    with client(built) as page:
        small = page.get("/assets/index-a1b2.js", headers={"accept-encoding": "gzip"})
        assert small.text == SCRIPT
        assert small.headers["content-encoding"] == "gzip"
        assert int(small.headers["content-length"]) == len(gzip.compress(SCRIPT.encode(), 6)) < len(SCRIPT)
        plain = page.get("/assets/index-a1b2.js", headers={"accept-encoding": "identity"})
        assert "content-encoding" not in plain.headers and plain.text == SCRIPT


def test_an_unchanged_file_is_not_sent_again(built: Path) -> None:
    with client(built) as page:
        etag = page.get("/").headers["etag"]
        again = page.get("/", headers={"if-none-match": etag})
        assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize("path", ["/replays", "/training", "/?replay=heat-1&t=3"])
def test_addresses_of_the_page_get_its_index(built: Path, path: str) -> None:
    with client(built) as page:
        assert page.get(path).text == PAGE


def test_its_head_can_be_asked_for(built: Path) -> None:
    with client(built) as page:
        answer = page.head("/")
        assert answer.status_code == 200 and answer.headers["etag"] == page.get("/").headers["etag"]


@pytest.mark.parametrize("path", ["/assets/gone.js", "/..%2f..%2fserver.py", "/%2e%2e/server.py", "/.env"])
def test_nothing_else_is_handed_out(built: Path, path: str) -> None:
    (built.parent / "server.py").write_text("secret")
    with client(built) as page:
        answer = page.get(path)
        assert answer.status_code == 404 and "secret" not in answer.text
        assert answer.json()["detail"].startswith("the page has no file")


def sources(page: TestClient[Litestar], path: str = "/") -> list[str]:
    """What the page may connect to."""
    policy = dict(
        part.strip().split(" ", 1) for part in page.get(path).headers["content-security-policy"].split(";")
    )
    assert policy["default-src"] == "'self'" and policy["object-src"] == "'none'"
    return policy["connect-src"].split()


def test_the_page_may_talk_to_its_services_only(built: Path) -> None:
    with client(built) as page:
        usual = [f"{scheme}://pit.lane:{port}" for port in (8080, 8081) for scheme in ("http", "ws")]
        assert sources(page) == ["'self'", *usual]
    with client(built, environment="https://race.example/", model="none") as page:
        assert sources(page) == ["'self'", "https://race.example", "wss://race.example"]
        assert sources(page, "/?environment=http://other:1&model=http://b:2") == [
            "'self'", "http://other:1", "ws://other:1", "http://b:2", "ws://b:2",
        ]  # fmt: skip
        assert sources(page, "/?environment=*%20'unsafe-eval'") == ["'self'"]


def test_the_page_learns_where_the_services_are(built: Path) -> None:
    with client(built, environment="http://race:8080/", model="none") as page:
        assert page.get("/config.json").json() == {"environment": "http://race:8080", "model": "none"}
    with client(built) as page:
        assert page.get("/config.json").json() == {}
        assert page.get("/healthz").json() == {"ok": True}


def test_what_is_wrong_is_said(built: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"--model is «8081», expected .* http://127.0.0.1:8081"):
        viewer_app(model="8081", files=read_files(built))
    (built / "index.html").unlink()
    with pytest.raises(InputError, match="not built: run `make viewer`"):
        read_files(built)

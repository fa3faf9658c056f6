"""Who may change something, how often, and under which name a service is asked."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from trackmania_rl.protocol.access import Access, RateError, token_in
from trackmania_rl.protocol.errors import InputError
from trackmania_rl.protocol.rate import Rate


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.0.1", "localhost", "::1"])
def test_this_machine_needs_no_token(host: str) -> None:
    Access().check_reach(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "racing.example.org"])
def test_a_network_needs_a_token(host: str) -> None:
    Access(token="secret").check_reach(host)
    with pytest.raises(InputError, match="--token SECRET"):
        Access().check_reach(host)


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1:8080", "localhost:8080", "[::1]:8080", "192.0.2.1", "environment:8080", "LOCALHOST",
        "viewer.example.org:8080", "environment.racing.svc.cluster.local:8080",
    ],
)  # fmt: skip
def test_own_names_are_answered(host: str) -> None:
    Access(origins=["https://viewer.example.org"]).check_host(host)


@pytest.mark.parametrize("host", ["evil.example:8080", "127.0.0.1.evil.example", "1.2.3", "evil.example."])
def test_names_of_strangers_are_not(host: str) -> None:
    with pytest.raises(InputError, match="this service is not") as refused:
        Access().check_host(host)
    assert refused.value.status == 421


def test_guesses_at_the_token_are_counted() -> None:
    access = Access(token="secret", rate=Rate(1.0, 5.0))
    for _ in range(5):
        with pytest.raises(InputError) as refused:
            access.check_token("guess", "192.0.2.1")
        assert refused.value.status == 401
    with pytest.raises(RateError):
        access.check_token("guess", "192.0.2.1")
    access.check_token("secret", "192.0.2.1")


def test_services_that_start_together_share_the_token_that_one_of_them_makes(tmp_path: Path) -> None:
    path = tmp_path / "run" / "token"
    with ThreadPoolExecutor(8) as threads:
        tokens = set(threads.map(token_in, [path] * 8))
    assert tokens == {path.read_text().strip()}
    assert len(tokens.pop()) >= 32
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(path.parent.iterdir()) == [path]


def test_a_token_file_that_is_there_is_read(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text("  secret\n")
    assert token_in(path) == "secret"


@pytest.mark.parametrize("content", [b"", b" \n", b"\xff\xfe"])
def test_a_token_file_without_a_token_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "token"
    path.write_bytes(content)
    with pytest.raises(InputError, match=str(path)):
        token_in(path)


def test_a_token_file_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="no token in"):
        token_in(tmp_path / "file" / "token")

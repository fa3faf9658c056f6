"""The volume's copy in a store: of S3 by a real server, and of a folder."""

from __future__ import annotations

import logging
import os
import socket
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from trackmania_rl.protocol import mirror as mirrors
from trackmania_rl.protocol.errors import InputError
from trackmania_rl.protocol.mirror import Mirror, restored

pytest.importorskip("fsspec")


@pytest.fixture
def volume(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "volume"
    monkeypatch.setenv("TRACKMANIA_RL_DATA", str(path))
    return path


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """An S3 server with a bucket; yields an address in it."""
    moto = pytest.importorskip("moto.server", reason="pip install 'moto[s3]' flask flask-cors")
    s3fs = pytest.importorskip("s3fs")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    s3fs.S3FileSystem.clear_instance_cache()
    server = moto.ThreadedMotoServer("127.0.0.1", port, verbose=False)
    server.start()
    s3fs.S3FileSystem().mkdir("bucket")
    yield "s3://bucket/some/prefix"
    server.stop()


def write(path: Path, content: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    return path


def tree(folder: Path) -> dict[str, str]:
    files = (path for path in folder.rglob("*") if path.is_file() and path.suffix != ".sqlite")
    return {path.relative_to(folder).as_posix(): path.read_text() for path in files}


def test_what_is_complete_goes_to_s3_and_comes_back(volume: Path, s3: str) -> None:
    """Checkpoints, replays and a database that is being written; then the volume is lost."""
    folders = (volume / "runs", volume / "replays")
    write(volume / "replays/heat.mcap", "a replay")
    write(volume / "replays/now.mcap.part", "half")
    write(volume / "runs/one/buffer-1.ring", "experience")
    old = write(volume / "runs/one/checkpoints/age-1.pt", "old")
    learner = write(volume / "runs/one/learner.pt", "first")
    database = sqlite3.connect(volume / "runs/one/metrics.sqlite")
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("CREATE TABLE scalars (value REAL)")
    database.execute("INSERT INTO scalars VALUES (4.5)")
    database.commit()

    mirror = Mirror(s3, folders)
    assert mirror.restore() == 0  # nothing is empty
    assert mirror.copy() == 1  # the database; of the rest nobody knows yet whether it is complete
    assert mirror.copy() == 3 and mirror.copy() == 0
    learner.write_text("other")  # as long as before
    old.unlink()
    (volume / "replays/heat.mcap").unlink()
    assert mirror.copy() == 0 and mirror.copy() == 1

    again = Mirror(s3, folders)  # the service starts anew
    assert again.copy() == 1  # the database, whose time is that of its log

    database.close()
    volume.rename(volume.with_name("lost"))
    lost = Mirror(s3, folders)
    assert lost.restore() == 3
    assert tree(volume) == {"replays/heat.mcap": "a replay", "runs/one/learner.pt": "other"}
    restored_database = sqlite3.connect(volume / "runs/one/metrics.sqlite")
    assert restored_database.execute("SELECT value FROM scalars").fetchall() == [(4.5,)]
    restored_database.close()
    assert lost.copy() == lost.copy() == 0  # what came from there need not go there


def test_a_restoration_that_was_cut_off_is_done_again(volume: Path, tmp_path: Path) -> None:
    store = f"file://{tmp_path}/store"
    for number in range(3):
        write(volume / f"replays/{number}.mcap", str(number))
    Mirror(store, [volume / "replays"]).copy(ending=True)
    for path in (volume / "replays").iterdir():
        path.unlink()
    write(volume / "replays/0.mcap", "0")
    write(volume / "replays" / mirrors.RESTORING, "")
    assert Mirror(store, [volume / "replays"]).restore() == 3
    assert sorted(tree(volume)) == [f"replays/{number}.mcap" for number in range(3)]


def test_a_store_that_is_away_holds_nothing_up_and_is_caught_up_with(
    volume: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A folder stands in the way of the store's: it takes nothing until that is gone. Warned of once."""
    monkeypatch.setattr(mirrors, "PERIOD", 0.02)
    obstacle = write(tmp_path / "store", "in the way")
    write(volume / "replays/heat.mcap", "a replay")
    mirror = Mirror(f"file://{obstacle}", [volume / "replays"])
    with caplog.at_level(logging.INFO, "trackmania_rl"), mirror:
        until(lambda: bool(caplog.records))
        time.sleep(0.2)
        assert [record.levelname for record in caplog.records] == ["WARNING"]
        assert caplog.records[0].getMessage().startswith("files wait on the volume")
        obstacle.unlink()
        until(lambda: (tmp_path / "store/replays/heat.mcap").exists())
        write(volume / "replays/last.mcap", "the last one")
    assert sorted(tree(tmp_path / "store")) == ["replays/heat.mcap", "replays/last.mcap"]
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]


def until(holds: object) -> None:
    deadline = time.monotonic() + 30.0
    while not holds():  # type: ignore[operator]
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_an_empty_volume_is_not_begun_anew_while_its_store_is_away(
    volume: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    s3fs = pytest.importorskip("s3fs")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    s3fs.S3FileSystem.clear_instance_cache()
    with pytest.raises(InputError, match="start without --mirror to begin with nothing"):
        restored("s3://bucket/prefix", volume / "runs")


@pytest.mark.parametrize("url", ["nonsense://bucket", "s4://x"])
def test_an_address_of_no_store_is_refused(url: str, volume: Path) -> None:
    with pytest.raises(InputError, match="expected an address as s3://bucket/prefix"):
        restored(url, volume / "runs")


def test_without_an_address_nothing_happens(volume: Path) -> None:
    with restored(None, volume / "runs"):
        assert not os.path.exists(volume)


def test_nothing_is_restored_outside_of_the_volume(volume: Path, tmp_path: Path) -> None:
    import fsspec

    store = fsspec.filesystem("memory")
    store.pipe("/hostile/runs/../../escaped", b"no")
    try:
        with pytest.raises(InputError, match="outside"):
            Mirror("memory://hostile", [volume / "runs"]).restore()
    finally:
        store.rm("/hostile", recursive=True)
    assert not (tmp_path / "escaped").exists()

import contextlib
import random
import struct
import tracemalloc

import lzallright
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trackmania_rl.environment.tracks import lzo
from trackmania_rl.environment.tracks.gbx import BODY_BYTES_MAX, Reader
from trackmania_rl.environment.tracks.map import plain, read_map
from trackmania_rl.protocol.errors import InputError
from tracks.samples import SHORT, map_bytes, shared

MAPS = {
    "tmrl-test": (37, 42.232),
    "tmrl-train": (60, 61.124),
    "redq_mlp_lidar_train": (12, 9.882),
    "tmrl-test-new": (32, 37.888),
    "redq_mlp_lidar_test": (23, 17.742),
    "tmrl-straight": (12, 7.708),
}


@pytest.mark.parametrize("name", MAPS)
def test_real_maps_give_their_blocks_and_author_time(name):
    path = shared(f"maps/{name}.Map.Gbx")
    content = read_map(path.read_bytes(), path.name)
    assert content.name == name
    assert (len(content.blocks), content.author_time) == MAPS[name]
    assert [block.name for block in content.blocks].count("RoadTechStart") == 1


def test_written_map_reads_back():
    content = read_map(map_bytes(SHORT), "short")
    assert (content.name, content.author, content.author_time) == ("Test", "Somebody", 12.345)
    assert [(block.name, block.direction, block.cell) for block in content.blocks] == list(SHORT)


def test_colour_codes_are_no_part_of_a_name():
    assert plain("$f00Red $o$iBold$z $$ $l[http://x]here") == "Red Bold  here"


def sources():
    yield map_bytes(SHORT)
    for name in ("tmrl-straight", "tmrl-test"):
        try:
            yield shared(f"maps/{name}.Map.Gbx").read_bytes()
        except pytest.skip.Exception:
            continue


def test_truncated_maps_are_refused_in_a_sentence():
    for data in sources():
        for cut in [*range(0, 400, 7), *(len(data) * k // 40 for k in range(40)), len(data) - 1]:
            with pytest.raises(InputError) as error:
                read_map(data[:cut], "cut.Map.Gbx")
            assert "cut.Map.Gbx" in str(error.value)


def test_mutated_maps_give_a_map_or_an_input_error():
    draw = random.Random(1)
    for data in sources():
        for _ in range(150):
            damaged = bytearray(data)
            for _ in range(draw.choice((1, 3, 30))):
                # Mostly in the header, else a damaged body would hide everything behind it.
                damaged[draw.randrange(draw.choice((100, 2000, len(data)))) % len(data)] = draw.randrange(256)
            with contextlib.suppress(InputError):
                read_map(bytes(damaged), "damaged")


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_mutated_bodies_give_a_map_or_an_input_error(data):
    """Beneath the compression: lengths, counts, references, chunk ids."""
    whole = map_bytes(SHORT)
    head, body = split(whole)
    damaged = bytearray(body)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(body) - 4))
        value = data.draw(
            st.sampled_from((0, 1, 0xFF, 0x7FFFFFFF, 0xFFFFFFFF, 0x40000001, 0x0305B00D, 0xFACADE01))
        )
        damaged[at : at + 4] = struct.pack("<I", value)
    with contextlib.suppress(InputError):
        read_map(join(head, bytes(damaged)), "damaged")


def split(data: bytes) -> tuple[bytes, bytes]:
    at = 17 + struct.unpack_from("<I", data, 13)[0] + 8
    size, packed = struct.unpack_from("<II", data, at)
    return data[:at], lzallright.LZOCompressor.decompress(
        data[at + 8 : at + 8 + packed], output_size_hint=size
    )


def join(head: bytes, body: bytes, size: int | None = None) -> bytes:
    packed = lzallright.LZOCompressor().compress(body)
    return head + struct.pack("<II", len(body) if size is None else size, len(packed)) + packed


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=300))
def test_arbitrary_bytes_are_refused(data):
    for start in (b"", b"GBX", b"GBX\x06\x00BUCR", b"GBX\x06\x00BUUR"):
        with pytest.raises(InputError):
            read_map(start + data, "foreign")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda data: b"PK\x03\x04" + data, "expected b'GBX': it is no file of TrackMania"),
        (lambda data: data[:3] + b"\x05" + data[4:], "GameBox version 5"),
        (lambda data: data[:9] + struct.pack("<I", 0x24003000) + data[13:], "holds class 0x24003000"),
        (lambda data: data.replace(b'type="map"', b'type="cup"'), "is a «cup»"),
        (
            lambda data: data.replace(b"2024-03", b"2013-03"),
            "was made with build 2013-03-19_14_47 of an older",
        ),
        (lambda data: data.replace(b"</header>", b"<!DOCTY>x"), "declaration"),
    ],
)
def test_foreign_files_are_named(change, message):
    with pytest.raises(InputError) as error:
        read_map(change(map_bytes(SHORT)), "x.Map.Gbx")
    assert message in str(error.value)


def test_hostile_sizes_take_no_memory():
    head, body = split(map_bytes(SHORT))
    bomb = lzallright.LZOCompressor().compress(bytes(50_000_000))
    files = [
        head + struct.pack("<II", 0xFFFFFFFF, len(bomb)) + bomb,
        head + struct.pack("<II", BODY_BYTES_MAX + 1, len(bomb)) + bomb,
        head + struct.pack("<II", 1000, len(bomb)) + bomb,
        join(head, body, size=len(body) - 1),
        join(head, body, size=len(body) + 1),
    ]
    tracemalloc.start()
    for data in files:
        with pytest.raises(InputError):
            read_map(data, "bomb")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 5_000_000


def test_nodes_in_nodes_end_somewhere():
    """A ghost in a ghost in a ghost ..."""
    head, body = split(map_bytes(SHORT))
    nested = body[: body.index(struct.pack("<I", 0x0305B001))]
    nested += b"".join(struct.pack("<III", 0x0305B00D, 100 + k, 0x03092000) for k in range(5000))
    with pytest.raises(InputError, match="node in a node"):
        read_map(join(head, nested), "nested")


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=2000), st.integers(1, 40))
def test_lzo_unpacks_what_another_implementation_packed(data, times):
    data *= times
    packed = lzallright.LZOCompressor().compress(data)
    assert lzo.decompress(packed, len(data)) == data
    with pytest.raises(ValueError, match="compressed part"):
        lzo.decompress(packed[:-1], len(data))


@pytest.mark.parametrize("distance", [1, 3, 2048, 2049, 3072, 16383, 16384, 16385, 32767, 32768, 49151])
@pytest.mark.parametrize("length", [3, 8, 9, 33, 34, 300])
def test_lzo_repeats_from_every_distance(distance, length):
    noise = random.Random(distance).randbytes(distance)
    data = noise + (noise * (length // distance + 1))[:length] + b"end"
    packed = lzallright.LZOCompressor().compress(data)
    assert lzo.decompress(packed, len(data)) == data


@settings(max_examples=200, deadline=None)
@given(st.binary(min_size=1, max_size=200), st.integers(0, 1000))
def test_lzo_never_unpacks_more_than_announced(data, size):
    with contextlib.suppress(ValueError):
        assert len(lzo.decompress(data, size)) == size


def test_lookback_strings_are_found_again():
    data = struct.pack("<II", 3, 0x40000000) + struct.pack("<I", 2) + b"ab"
    data += struct.pack("<IIII", 0x40000001, 0xFFFFFFFF, 26, 0x40000002)
    reader = Reader(data, "x")
    assert [reader.name() for _ in range(4)] == ["ab", "ab", "", "#26"]
    with pytest.raises(InputError, match="found a reference to string 2"):
        reader.name()

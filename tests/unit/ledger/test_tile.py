"""Tiles: their paths and contents."""

import pytest

from ledger.errors import MalformedError
from ledger.tile import Tile, decode_bundle, encode_bundle, entry_tiles


@pytest.mark.parametrize(
    ("tile", "path"),
    [
        (Tile(None, 0, 1), "tile/entries/000.p/1"),
        (Tile(None, 999, 256), "tile/entries/999"),
        (Tile(0, 1000, 256), "tile/0/x001/000"),
        (Tile(1, 5, 255), "tile/1/005.p/255"),
        (Tile(63, 1_234_067, 256), "tile/63/x001/x234/067"),
        (Tile(0, 70_000_000_000, 8), "tile/0/x070/x000/x000/000.p/8"),
    ],
)
def test_a_tile_has_the_path_that_tlog_tiles_gives_it(tile: Tile, path: str) -> None:
    assert tile.path() == path
    assert Tile.decode(path) == tile


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/tile/0/000",
        "tile/0/000/",
        "tile/0/000\n",
        "tile/0/0",
        "tile/0/0000",
        "tile/0/001/000",
        "tile/0/x1/000",
        "tile/0/x001",
        "tile/00/000",
        "tile/-1/000",
        "tile/100/000",
        "tile/entry/000",
        "tile/0/000.p",
        "tile/0/000.p/",
        "tile/0/000.p/x",
        "tile/0/000.p/1000",
        "tile/0/000.p/１",
        "tile/0/0۰0",
        "tile/0/x001/x000/x000/x000/x000/x000/x000/000",
        "tile/0/../../etc/passwd",
    ],
)
def test_what_is_no_tiles_path_is_refused(path: str) -> None:
    with pytest.raises(MalformedError, match="not a path of"):
        Tile.decode(path)


@pytest.mark.parametrize(
    "path",
    [
        "tile/0/x000/000",
        "tile/0/x000/x001/000",
        "tile/0/000.p/256",
        "tile/0/000.p/257",
        "tile/64/000",
    ],
)
def test_another_spelling_of_a_tiles_path_is_refused(path: str) -> None:
    with pytest.raises(MalformedError, match="canonical"):
        Tile.decode(path)


@pytest.mark.parametrize("path", ["tile/0/000.p/0", "tile/0/000.p/01", "tile/entries/000.p/0"])
def test_a_tile_is_never_empty(path: str) -> None:
    with pytest.raises(MalformedError):
        Tile.decode(path)


@pytest.mark.parametrize(
    ("path", "size", "is_within"),
    [
        ("tile/0/000.p/5", 5, True),
        ("tile/0/000.p/6", 5, False),
        ("tile/entries/001", 511, False),
        ("tile/entries/001", 512, True),
        ("tile/1/000.p/1", 255, False),
        ("tile/1/000.p/1", 256, True),
        ("tile/2/000.p/1", 65_535, False),
        ("tile/2/000.p/1", 65_536, True),
    ],
)
def test_a_tile_is_within_a_log_that_completed_all_it_holds(
    path: str, size: int, *, is_within: bool
) -> None:
    assert Tile.decode(path).is_within(size) == is_within


def test_a_tile_names_its_nodes_by_level_and_index_in_the_tree() -> None:
    assert Tile(1, 2, 3).nodes() == [(8, 512), (8, 513), (8, 514)]
    assert Tile(1, 2, 3).start == 512


@pytest.mark.parametrize(
    ("size", "start", "paths"),
    [
        (0, 0, []),
        (1, 0, ["000.p/1"]),
        (256, 0, ["000"]),
        (600, 0, ["000", "001", "002.p/88"]),
        (600, 256, ["001", "002.p/88"]),
        (600, 300, ["001", "002.p/88"]),
        (600, 600, ["002.p/88"]),
        (512, 512, []),
    ],
)
def test_the_entries_of_a_log_lie_in_whole_tiles_and_one_partial(
    size: int, start: int, paths: list[str]
) -> None:
    found = [tile.path() for tile in entry_tiles(size, start=start)]

    assert found == ["tile/entries/" + path for path in paths]


def test_a_bundle_is_entries_behind_their_lengths() -> None:
    assert encode_bundle([b"ab", b"", b"c"]) == b"\x00\x02ab\x00\x00\x00\x01c"


@pytest.mark.parametrize("raw", [b"\x00", b"\x00\x02a", b"\x00\x01a\x00", b"\xff\xff" + bytes(9)])
def test_a_bundle_that_is_cut_off_is_refused(raw: bytes) -> None:
    with pytest.raises(MalformedError, match="cut off"):
        decode_bundle(raw)


def test_a_bundle_holds_256_entries_and_no_more() -> None:
    assert len(decode_bundle(encode_bundle([b"x"] * 256))) == 256
    with pytest.raises(MalformedError, match="over 256"):
        decode_bundle(encode_bundle([b"x"] * 257))


def test_the_largest_entry_that_a_length_can_say_fits() -> None:
    largest = bytes(65_535)

    assert decode_bundle(encode_bundle([largest])) == [largest]

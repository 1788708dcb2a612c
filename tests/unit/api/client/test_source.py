from collections.abc import Callable

import httpx
import pytest

from api.client.errors import AnsweredError, ClientError
from api.client.node import NodeClient
from api.client.source import LogSource
from ledger.checkpoint import Checkpoint
from ledger.encoding import Digest
from ledger.errors import MalformedError
from ledger.key import KeyType, SigningKey
from ledger.note import Note
from ledger.tile import encode_bundle, entry_tiles

ORIGIN = "signaalketen.test/source"
KEY = SigningKey(ORIGIN, KeyType.ED25519, bytes(32))
Files = dict[str, httpx.Response]


def log_of(count: int) -> tuple[list[bytes], Files]:
    """Return blocks of any bytes, and the files of a log that serves them."""
    blocks = [f"block {height}\n".encode() for height in range(count)]
    text = Checkpoint(ORIGIN, count, Digest(bytes(32))).encode()
    files = {"/checkpoint": httpx.Response(200, content=Note(text, (KEY.sign(text),)).encode())}
    for tile in entry_tiles(count):
        bundle = encode_bundle(blocks[tile.start : tile.start + tile.width])
        files[f"/{tile.path()}"] = httpx.Response(200, content=bundle)
    return blocks, files


def source_of(files: Files) -> LogSource:
    def answer(request: httpx.Request) -> httpx.Response:
        return files.get(request.url.path, httpx.Response(404, json={"detail": "not here"}))

    return LogSource(NodeClient("http://127.0.0.1:1", transport=httpx.MockTransport(answer)))


@pytest.mark.parametrize("count", [1, 255, 256, 257, 2000])
def test_blocks_come_whole_and_in_order_whatever_the_tiles(count: int) -> None:
    blocks, files = log_of(count)
    source = source_of(files)

    assert list(source.blocks()) == blocks
    assert source.size == count
    assert source.part_read() == 1


def spoil_missing(files: Files) -> None:
    del files["/tile/entries/001"]


def spoil_short(files: Files) -> None:
    files["/tile/entries/001"] = httpx.Response(200, content=encode_bundle([b"one"]))


def spoil_cut_off(files: Files) -> None:
    whole = files["/tile/entries/001"].content
    files["/tile/entries/001"] = httpx.Response(200, content=whole[:-1])


@pytest.mark.parametrize("spoil", [spoil_missing, spoil_short, spoil_cut_off])
def test_log_without_the_blocks_that_it_signed_for_is_malformed_there(
    spoil: Callable[[Files], None],
) -> None:
    blocks, files = log_of(600)
    spoil(files)
    read: list[bytes] = []

    with pytest.raises(MalformedError, match="tile"):
        read.extend(source_of(files).blocks())

    assert read == blocks[:256]


def test_node_that_fails_is_no_fault_of_the_chain() -> None:
    _, files = log_of(600)
    files["/tile/entries/001"] = httpx.Response(503, json={"detail": "the disk refuses"})

    with pytest.raises(AnsweredError, match="the disk refuses"):
        list(source_of(files).blocks())


@pytest.mark.parametrize("content", [b"", b"<html>", b"signaalketen.test/source\n1\n"])
def test_page_that_is_no_checkpoint_is_no_log(content: bytes) -> None:
    with pytest.raises(ClientError, match="not a checkpoint"):
        source_of({"/checkpoint": httpx.Response(200, content=content)})


def test_chain_without_a_document_cannot_be_proven_final() -> None:
    _, files = log_of(3)
    source = source_of(files)
    list(source.blocks())

    with pytest.raises(ClientError, match="without a founding document"):
        source.proven_final()
    assert source.final() == files["/checkpoint"].content

"""What strangers and own people read of the chain: checkpoints, receipts, tiles, the document."""

import pytest

from ledger.consortium import Consortium
from ledger.consortium_chain import ConsortiumChain, verify_consortium_chain
from ledger.consortium_toml import decode_consortium
from ledger.cosignature import SignedCheckpoint, post_quantum_cosigners, verify_exact_lines
from ledger.encoding import Digest
from ledger.receipt import Receipt, verify_receipt
from ledger.tile import decode_bundle, entry_tiles
from ledger.tree import leaf_hash
from tests.cluster.api.conftest import Faced
from tests.support.faces import Face, new_signal
from tests.support.trees import reference_root

OWN = "auditor"


@pytest.fixture(scope="module")
def document(uwv: Face) -> Consortium:
    """The document in force."""
    return decode_consortium(uwv.get("/v1/consortium").text)


@pytest.fixture(scope="module")
def long_chain(consortium: Faced, uwv: Face) -> int:
    """A chain of more than one whole tile, all of it public; returns its size."""
    while size_seen(uwv, OWN) <= 260:
        uwv.post("/v1/signal-batches", json={"signals": [new_signal() for _ in range(100)]})
    publish(consortium, uwv)
    return size_seen(uwv, None)


@pytest.fixture
def hidden(consortium: Faced, uwv: Face) -> int:
    """A block that is final and not public yet; returns its height."""
    uwv.post("/v1/signals", json=new_signal())
    publish(consortium, uwv)
    height: int = uwv.post("/v1/signals", json=new_signal()).json()["height"]
    assert size_seen(uwv, None) == height
    return height


def size_seen(face: Face, role: str | None) -> int:
    """Return the size of the log for that reader."""
    return SignedCheckpoint.decode(face.get("/checkpoint", role=role).content).checkpoint.size


def publish(consortium: Faced, face: Face) -> None:
    """Let the clock step, and wait until strangers see all that is final."""
    consortium.cluster.clock.turn(seconds=1)
    face.until(lambda: size_seen(face, None) == size_seen(face, OWN))


def test_whoever_asks_hears_that_nobody_shows_two_histories(uwv: Face) -> None:
    answer = uwv.get("/v1/contradictions", role=None)

    assert answer.status_code == 200
    assert answer.json() == {"contradictions": []}


def test_strangers_get_the_chain_of_documents_up_to_what_is_public(
    uwv: Face, document: Consortium, hidden: int
) -> None:
    for role, size in ((None, hidden), (OWN, size_seen(uwv, OWN))):
        chain = ConsortiumChain.decode(uwv.get("/v1/consortium/chain", role=role).content)

        versions = verify_consortium_chain(chain, trusted=document)

        assert versions.size == size
        assert versions.in_force(size).raw == document.raw


def test_what_strangers_read_bears_a_post_quantum_line_of_every_member(
    uwv: Face, document: Consortium, hidden: int
) -> None:
    public = SignedCheckpoint.decode(uwv.get("/checkpoint").content)
    receipt = Receipt.decode(uwv.get("/v1/receipts/0").content)

    for signed in (public, receipt.signed):
        names = post_quantum_cosigners(signed, members=document.witnesses)
        assert names == {member.name for member in document.witnesses}


@pytest.mark.parametrize("role", [None, OWN])
def test_checkpoint_is_signed_by_the_log_and_a_quorum(
    uwv: Face, document: Consortium, role: str | None
) -> None:
    response = uwv.get("/checkpoint", role=role)

    times = verify_exact_lines(
        SignedCheckpoint.decode(response.content),
        members=document.witnesses,
        log_keys=[document.by_name["uwv"].log_key],
        quorum=document.quorum,
    )
    assert len(times) >= 3
    assert response.headers["content-type"] == "text/plain; charset=utf-8"
    assert response.headers["cache-control"] == "no-store"


def test_checkpoint_is_the_same_in_the_api_and_for_machines(uwv: Face) -> None:
    assert uwv.get("/v1/checkpoint").content == uwv.get("/checkpoint").content
    assert uwv.get("/v1/checkpoint", role=OWN).content == uwv.get("/checkpoint", role=OWN).content


def test_document_is_served_byte_for_byte_as_it_was_signed(consortium: Faced, uwv: Face) -> None:
    response = uwv.get("/v1/consortium")

    assert response.content == consortium.cluster.founded.document.raw.encode()
    assert response.headers["content-type"] == "application/toml"


def test_everybody_may_read_a_receipt_and_check_it(
    uwv: Face, document: Consortium, hidden: int
) -> None:
    response = uwv.get(f"/v1/receipts/{hidden - 1}")

    receipt = Receipt.decode(response.content)
    verify_receipt(
        receipt, origin=document.origin, members=document.witnesses, quorum=document.quorum
    )
    assert receipt.index == hidden - 1
    assert receipt.signed.encode() == uwv.get("/checkpoint").content


def test_strangers_see_nothing_behind_the_public_checkpoint(uwv: Face, hidden: int) -> None:
    tile = f"/tile/entries/{hidden // 256:03}.p/{hidden % 256 + 1}"
    paths = (f"/v1/receipts/{hidden}", tile, tile.replace("entries", "0"))

    for path in paths:
        assert uwv.get(path).status_code == 404
        assert uwv.get(path, role=OWN).status_code == 200
    assert size_seen(uwv, OWN) == hidden + 1


def test_what_is_public_steps_on_with_the_clock_and_not_before(
    consortium: Faced, uwv: Face, hidden: int
) -> None:
    for _ in range(100):
        uwv.get("/checkpoint")
    before = size_seen(uwv, None)

    publish(consortium, uwv)

    assert before == hidden
    assert uwv.get(f"/v1/receipts/{hidden}").status_code == 200


@pytest.mark.parametrize(
    "path", ["/checkpoint", "/v1/checkpoint", "/tile/0/000", "/v1/receipts/0", "/readyz"]
)
def test_a_wrong_token_is_refused_where_strangers_may_read(uwv: Face, path: str) -> None:
    response = uwv.get(path, headers={"Authorization": "Bearer auditor-of-svb"})

    assert response.status_code == 401
    assert response.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize(
    ("height", "status"),
    [(-1, 400), (2**53 + 1, 400), (2**53, 404), ("x", 400), ("1e3", 400), ("9" * 5000, 400)],
    ids=lambda value: str(value)[:20],
)
def test_a_receipt_that_cannot_be_is_refused(uwv: Face, height: object, status: int) -> None:
    assert uwv.get(f"/v1/receipts/{height}", role=OWN).status_code == status


def test_bundles_and_tiles_hold_the_tree_of_the_checkpoint(uwv: Face, long_chain: int) -> None:
    blocks: list[bytes] = []
    hashes = b""

    for tile in entry_tiles(long_chain):
        blocks += decode_bundle(uwv.get(f"/{tile.path()}").content)
        hashes += uwv.get(f"/{tile.path().replace('entries', '0')}").content

    leaves = [leaf_hash(block) for block in blocks]
    checkpoint = SignedCheckpoint.decode(uwv.get("/checkpoint").content).checkpoint
    assert len(blocks) == long_chain > 256
    assert hashes == b"".join(leaves)
    assert reference_root(leaves) == checkpoint.root


def test_a_tile_of_the_next_level_holds_the_roots_of_whole_tiles(
    uwv: Face, long_chain: int
) -> None:
    below = uwv.get("/tile/0/000").content
    leaves = [Digest(below[at : at + 32]) for at in range(0, len(below), 32)]

    assert uwv.get("/tile/1/000.p/1").content == reference_root(leaves)


@pytest.mark.parametrize("path", ["/tile/0/000", "/tile/entries/000", "/tile/1/000.p/1"])
def test_a_tile_may_be_kept_for_ever_and_by_strangers_caches_only_what_is_theirs(
    uwv: Face, long_chain: int, path: str
) -> None:
    stranger, own = uwv.get(path), uwv.get(path, role=OWN)

    assert stranger.content == own.content
    assert stranger.headers["content-type"] == "application/octet-stream"
    assert stranger.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert own.headers["cache-control"] == "private, max-age=31536000, immutable"


def test_a_tile_that_is_not_there_may_not_be_kept(uwv: Face, long_chain: int) -> None:
    response = uwv.get("/tile/0/x999/999")

    assert (response.status_code, response.headers["cache-control"]) == (404, "no-store")


@pytest.mark.parametrize(
    "path",
    [
        "0/0",
        "0/00",
        "0/0000",
        "0/000.p/0",
        "0/000.p/256",
        "0/000.p/257",
        "0/000.p/01",
        "0/x000/000",
        "00/000",
        "-1/000",
        "64/000",
        "entries/000.p/",
        "entries/000/",
        "entries/x000",
        "entries",
        "data/000",
        "0/000.P/1",
        "0/٠٠٠",
        "%2E%2E/checkpoint",
        "0/%2E%2E/0/000",
        "",
    ],
)
def test_a_tile_has_one_path(uwv: Face, long_chain: int, path: str) -> None:
    assert uwv.get(f"/tile/{path}", role=OWN).status_code == 404


def test_no_tile_reaches_beyond_the_log(uwv: Face, long_chain: int) -> None:
    size = size_seen(uwv, OWN)
    last, width = divmod(size, 256)

    for kind in ("0", "entries"):
        assert uwv.get(f"/tile/{kind}/{last:03}.p/{width}", role=OWN).status_code == 200
        assert uwv.get(f"/tile/{kind}/{last:03}.p/{width + 1}", role=OWN).status_code == 404
        assert uwv.get(f"/tile/{kind}/{last:03}", role=OWN).status_code == 404
        assert uwv.get(f"/tile/{kind}/{last + 1:03}.p/1", role=OWN).status_code == 404
    assert uwv.get(f"/tile/1/000.p/{last + 1}", role=OWN).status_code == 404
    assert uwv.get("/tile/2/000.p/1", role=OWN).status_code == 404


def test_a_narrower_tile_is_the_beginning_of_the_wider(uwv: Face, long_chain: int) -> None:
    whole = uwv.get("/tile/0/000").content

    assert uwv.get("/tile/0/000.p/7").content == whole[: 7 * 32]

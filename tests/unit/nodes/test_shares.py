"""Shares on disk: each where nobody else looks, and gone when their epoch is."""

from dataclasses import replace
from pathlib import Path

import pytest

from ledger.group import Scalar
from nodes.errors import ConfigurationError
from nodes.shares import HeldShare, Shares
from tests.support.epochs import Dealt, deal
from tests.support.parties import make_consortium

DEALT = deal(make_consortium())
SHARE = HeldShare("agencies", 2, next(s for h, _, _, s in DEALT.shares if h == "uwv"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "keys" / "shares"


@pytest.fixture
def shares(folder: Path) -> Shares:
    return Shares(folder)


def write(shares: Shares, dealt: Dealt = DEALT, *, holder: str = "uwv") -> Path:
    """Write the share of `holder` in `dealt`."""
    document = dealt.document
    group, index, scalar = next((g, i, s) for h, g, i, s in dealt.shares if h == holder)
    return shares.write(
        purpose=document.purpose, number=document.number, share=HeldShare(group, index, scalar)
    )


def test_share_is_read_as_it_was_written(shares: Shares, folder: Path) -> None:
    write(shares)

    assert Shares(folder).of(DEALT.document, holder="uwv") == (SHARE,)


def test_only_the_owner_can_read_a_share_or_list_them(shares: Shares, folder: Path) -> None:
    path = write(shares)

    assert path.stat().st_mode & 0o777 == 0o600
    assert folder.stat().st_mode & 0o777 == 0o700


def test_member_without_a_share_has_none(shares: Shares) -> None:
    assert list(shares.of(DEALT.document, holder="gemeente")) == []


def test_missing_share_is_named_by_its_file(shares: Shares) -> None:
    with pytest.raises(ConfigurationError, match=r"multiproblematiek.*agencies.*cannot be read"):
        shares.of(DEALT.document, holder="uwv")


def test_share_that_others_may_read_is_not_used(shares: Shares) -> None:
    write(shares).chmod(0o640)

    with pytest.raises(ConfigurationError, match="read by others"):
        shares.of(DEALT.document, holder="uwv")


@pytest.mark.parametrize(
    "raw",
    [bytes(32), b"\xff" * 32, b"", bytes(31), bytes(33)],
    ids=["0", "≥ L", "none", "31", "33"],
)
def test_bytes_that_are_no_share_are_not_used(shares: Shares, raw: bytes) -> None:
    path = write(shares)
    path.write_bytes(raw)

    with pytest.raises(ConfigurationError, match=path.name):
        shares.of(DEALT.document, holder="uwv")


@pytest.mark.parametrize("holder", ["svb", "szw", "bzk"])
def test_share_that_is_anothers_is_not_used(shares: Shares, holder: str) -> None:
    path = write(shares)
    path.write_bytes(next(s for h, _, _, s in DEALT.shares if h == holder).encode())

    with pytest.raises(ConfigurationError, match="not the share that the epoch's document names"):
        shares.of(DEALT.document, holder="uwv")


def test_share_of_another_key_is_not_used(shares: Shares) -> None:
    write(shares, deal(make_consortium(), seed=2))

    with pytest.raises(ConfigurationError, match="not the share"):
        shares.of(DEALT.document, holder="uwv")


def test_what_failed_once_is_read_again(shares: Shares) -> None:
    with pytest.raises(ConfigurationError):
        shares.of(DEALT.document, holder="uwv")

    write(shares)

    assert shares.of(DEALT.document, holder="uwv") == (SHARE,)


def test_share_that_is_there_is_never_overwritten(shares: Shares) -> None:
    path = write(shares)
    other = replace(SHARE, scalar=Scalar.reduce(b"\x09" * 64))

    with pytest.raises(ConfigurationError, match="cannot be written"):
        shares.write(purpose="multiproblematiek", number=1, share=other)

    assert path.read_bytes() == SHARE.scalar.encode()


def test_destroyed_share_is_used_no_more_and_leaves_no_bytes(shares: Shares, folder: Path) -> None:
    path = write(shares)
    shares.of(DEALT.document, holder="uwv")
    beside = folder.parent / "beside"
    beside.hardlink_to(path)

    assert shares.destroy(purpose="multiproblematiek", number=1) == 1

    assert list(folder.iterdir()) == []
    # Another name of the same file shows what was written over.
    assert beside.read_bytes() == bytes(32)
    with pytest.raises(ConfigurationError):
        shares.of(DEALT.document, holder="uwv")


def test_destroying_twice_or_nothing_is_no_error(shares: Shares) -> None:
    write(shares)

    counts = [shares.destroy(purpose="multiproblematiek", number=1) for _ in range(2)]

    assert counts == [1, 0]


@pytest.mark.parametrize(
    ("purpose", "number"),
    [
        ("help", 2),
        ("help", 11),
        ("help-1", 1),
        ("help-1", 2),
        ("help-1-agencies", 1),
        ("zelfhulp", 1),
    ],
)
def test_destroying_spares_every_other_epoch(shares: Shares, purpose: str, number: int) -> None:
    # Names may hold hyphens and digits: what stands between them must not be either.
    path = shares.write(purpose=purpose, number=number, share=SHARE)
    shares.write(purpose="help", number=1, share=SHARE)

    assert shares.destroy(purpose="help", number=1) == 1

    assert path.read_bytes() == SHARE.scalar.encode()


def test_two_shares_never_have_one_file(shares: Shares) -> None:
    one = replace(SHARE, group="g-2-h", index=1)
    other = replace(SHARE, group="h", index=1)

    paths = {
        shares.write(purpose="help", number=1, share=one),
        shares.write(purpose="help-1-g", number=2, share=other),
    }

    assert len(paths) == 2


def test_share_is_not_printed() -> None:
    secret = SHARE.scalar.encode()

    assert secret.hex()[:16] not in repr(SHARE)
    assert repr(secret)[2:-1] not in repr(SHARE)

"""Shares on disk: each where nobody else looks, and gone when their epoch is."""

from dataclasses import replace
from pathlib import Path
from secrets import token_bytes

import pytest

from ledger.backup import ShareBackup
from ledger.group import Scalar
from ledger.seal import SealingKey
from nodes.errors import ConfigurationError
from nodes.shares import BACKUPS, FOLDER, HeldShare, Shares
from tests.support.epochs import Dealt, deal
from tests.support.parties import make_consortium
from tests.support.signers import ORIGIN

DEALT = deal(make_consortium())
OFFLINE = SealingKey(b"\x07" * 32)
SHARE = HeldShare("agencies", 2, next(s for h, _, _, s in DEALT.shares if h == "uwv"))


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    return tmp_path / "keys"


@pytest.fixture
def folder(keys: Path) -> Path:
    return keys / FOLDER


@pytest.fixture
def shares(keys: Path) -> Shares:
    return Shares(keys)


def write(shares: Shares, dealt: Dealt = DEALT, *, holder: str = "uwv") -> Path:
    """Write the share of `holder` in `dealt`."""
    document = dealt.document
    group, index, scalar = next((g, i, s) for h, g, i, s in dealt.shares if h == holder)
    return shares.store(
        purpose=document.purpose, number=document.number, share=HeldShare(group, index, scalar)
    )


def back_up(shares: Shares, share: HeldShare) -> Path:
    """Write the backup of UWV's share of epoch 1."""
    return shares.back_up(
        share,
        purpose="multiproblematiek",
        number=1,
        origin=ORIGIN,
        holder="uwv",
        to=OFFLINE.public,
        random=token_bytes,
    )


def test_share_is_read_as_it_was_written(shares: Shares, keys: Path) -> None:
    write(shares)

    assert Shares(keys).of(DEALT.document, holder="uwv") == (SHARE,)


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

    with pytest.raises(ConfigurationError, match="cannot be read"):
        shares.of(DEALT.document, holder="uwv")


def test_the_share_of_the_key_that_an_epoch_has_is_used_whatever_others_are_there(
    shares: Shares,
) -> None:
    write(shares, deal(make_consortium(), seed=2))
    write(shares)
    write(shares, deal(make_consortium(), seed=3))

    assert shares.of(DEALT.document, holder="uwv") == (SHARE,)


def test_an_epoch_that_opens_leaves_nothing_of_keys_that_it_does_not_have(
    shares: Shares, folder: Path
) -> None:
    kept = write(shares)
    other = deal(make_consortium(), seed=2)
    write(shares, other)
    write(shares, deal(make_consortium(), number=2))
    back_up(shares, SHARE)
    back_up(shares, replace(SHARE, scalar=Scalar.reduce(b"\x09" * 64)))

    assert shares.settle(DEALT.document) == 2

    assert kept.exists()
    assert len(list(folder.iterdir())) == 2
    assert [path.stem for path in shares.backups()] == [kept.stem]


def test_a_share_taken_away_is_missed_though_it_was_read_before(shares: Shares) -> None:
    path = write(shares)
    shares.of(DEALT.document, holder="uwv")
    shares.verify_stored(DEALT.document, holder="uwv")

    path.unlink()

    with pytest.raises(ConfigurationError, match="cannot be read"):
        shares.verify_stored(DEALT.document, holder="uwv")


def test_a_backup_opens_with_the_offline_key_and_only_its_owner_can_read_its_file(
    shares: Shares, keys: Path
) -> None:
    path = back_up(shares, SHARE)

    backup = ShareBackup.decode(path.read_bytes())

    assert backup.open(key=OFFLINE, origin=ORIGIN, holder="uwv") == SHARE.scalar
    assert path.stat().st_mode & 0o777 == 0o600
    assert (keys / BACKUPS).stat().st_mode & 0o777 == 0o700
    assert SHARE.scalar.encode() not in path.read_bytes()


def test_backups_go_with_the_shares_of_their_epoch(shares: Shares) -> None:
    write(shares)
    back_up(shares, SHARE)

    assert shares.destroy(purpose="multiproblematiek", number=1) == 2

    assert shares.backups() == []


def test_every_share_here_is_listed(shares: Shares) -> None:
    write(shares)
    shares.store(purpose="help", number=12, share=replace(SHARE, group="b-1", index=3))

    assert shares.held() == [
        ("help", 12, replace(SHARE, group="b-1", index=3)),
        ("multiproblematiek", 1, SHARE),
    ]


@pytest.mark.parametrize("name", ["x.share", "a.b.c.d.e.share", "a.1.g.x.00.share"])
def test_a_file_that_is_no_share_is_not_listed_as_one(shares: Shares, name: str) -> None:
    path = write(shares).with_name(name)
    path.write_bytes(SHARE.scalar.encode())
    path.chmod(0o600)

    with pytest.raises(ConfigurationError, match="holds no share"):
        shares.held()


def test_a_disk_that_refuses_leaves_nothing_half_written(shares: Shares, keys: Path) -> None:
    keys.mkdir()
    (keys / FOLDER).write_text("in the way")

    with pytest.raises(ConfigurationError, match="cannot be written"):
        write(shares)


def test_half_a_share_that_a_crash_left_is_not_in_the_way(shares: Shares, folder: Path) -> None:
    path = write(shares)
    path.unlink()
    (folder / f".{path.name}.part").write_bytes(b"half")

    write(shares)

    assert path.read_bytes() == SHARE.scalar.encode()
    assert [file.name for file in folder.iterdir()] == [path.name]


def test_what_failed_once_is_read_again(shares: Shares) -> None:
    with pytest.raises(ConfigurationError):
        shares.of(DEALT.document, holder="uwv")

    write(shares)

    assert shares.of(DEALT.document, holder="uwv") == (SHARE,)


def test_what_is_there_is_never_overwritten(shares: Shares) -> None:
    path = write(shares)
    path.write_bytes(b"\x01" * 32)

    with pytest.raises(ConfigurationError, match="cannot be written"):
        write(shares)

    assert path.read_bytes() == b"\x01" * 32


def test_storing_a_share_again_changes_nothing(shares: Shares) -> None:
    assert write(shares) == write(shares)

    assert shares.of(DEALT.document, holder="uwv") == (SHARE,)


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
    path = shares.store(purpose=purpose, number=number, share=SHARE)
    shares.store(purpose="help", number=1, share=SHARE)

    assert shares.destroy(purpose="help", number=1) == 1

    assert path.read_bytes() == SHARE.scalar.encode()


def test_two_shares_never_have_one_file(shares: Shares) -> None:
    one = replace(SHARE, group="g-2-h", index=1)
    other = replace(SHARE, group="h", index=1)

    paths = {
        shares.store(purpose="help", number=1, share=one),
        shares.store(purpose="help-1-g", number=2, share=other),
    }

    assert len(paths) == 2


def test_share_is_not_printed() -> None:
    secret = SHARE.scalar.encode()

    assert secret.hex()[:16] not in repr(SHARE)
    assert repr(secret)[2:-1] not in repr(SHARE)

"""Backups of shares: open for their holder's offline key and place only, and are what they say."""

from dataclasses import replace
from secrets import token_bytes

import pytest

from ledger.backup import ShareBackup
from ledger.errors import LedgerError, MalformedError, VerificationError
from ledger.group import Scalar
from ledger.seal import SealingKey
from ledger.threshold import share_public

KEY, OTHER_KEY = SealingKey(b"\x01" * 32), SealingKey(b"\x02" * 32)
SHARE, OTHER = Scalar.reduce(b"\x03" * 64), Scalar.reduce(b"\x04" * 64)
ORIGIN = "signaalketen.test/x"


def make(share: Scalar = SHARE) -> ShareBackup:
    return ShareBackup.make(
        share,
        purpose="help",
        number=3,
        group="agencies",
        index=2,
        origin=ORIGIN,
        holder="uwv",
        to=KEY.public,
        random=token_bytes,
    )


def test_a_backup_gives_the_share_back() -> None:
    read = ShareBackup.decode(make().encode())

    assert read.open(key=KEY, origin=ORIGIN, holder="uwv") == SHARE
    assert read.public == share_public(SHARE)


@pytest.mark.parametrize(
    "change",
    [
        {"purpose": "other"},
        {"number": 4},
        {"group": "independents"},
        {"index": 1},
        {"public": share_public(OTHER)},
        {"sealed": make(OTHER).sealed},
    ],
)
def test_what_a_backup_says_cannot_be_changed(change: dict[str, object]) -> None:
    changed = replace(make(), **change)  # type: ignore[arg-type]

    with pytest.raises(VerificationError):
        changed.open(key=KEY, origin=ORIGIN, holder="uwv")


@pytest.mark.parametrize(
    ("key", "origin", "holder"),
    [(OTHER_KEY, ORIGIN, "uwv"), (KEY, "other.test/x", "uwv"), (KEY, ORIGIN, "svb")],
)
def test_a_backup_opens_for_nobody_else(key: SealingKey, origin: str, holder: str) -> None:
    with pytest.raises(VerificationError):
        make().open(key=key, origin=origin, holder=holder)


@pytest.mark.parametrize("field", ["purpose", "group"])
def test_a_name_that_would_lead_out_of_a_folder_is_malformed(field: str) -> None:
    raw = replace(make(), **{field: "../x"}).encode()  # type: ignore[arg-type]

    with pytest.raises(MalformedError):
        ShareBackup.decode(raw)


def test_other_bytes_are_no_backup() -> None:
    raw = make().encode()

    for wrong in (b"", raw[:-1], raw + b"\0", raw.replace(b"backup/v1", b"backup/v2")):
        with pytest.raises(LedgerError):
            ShareBackup.decode(wrong).open(key=KEY, origin=ORIGIN, holder="uwv")


def test_the_share_stands_nowhere_in_its_backup() -> None:
    backup = make()

    assert SHARE.encode() not in backup.encode()
    assert "sealed" not in repr(backup)

"""Shares go into a safe, sealed to the recovery key, and come back checked against the chain."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from typer.testing import Result

from ledger.consortium_toml import decode_consortium
from ledger.epoch import EpochDocument
from nodes.shares import FOLDER, Shares
from tests.support.command_line import MEMBERS, make_draft, signaalketen
from tests.support.dealing import deal
from tests.support.fake_node import served

PURPOSE = "multiproblematiek"


class Epochs:
    """A node that says which epochs are open."""

    def __init__(self, *documents: EpochDocument) -> None:
        self.documents = list(documents)
        self.closed: int | None = None

    def __call__(self, request: httpx.Request) -> httpx.Response:
        assert request.url.path == "/v1/epochs"
        shown = [
            {
                "purpose": PURPOSE,
                "number": document.number,
                "opened": 1,
                "closed": self.closed,
                "replaced": None,
                "document": document.encode(),
            }
            for document in self.documents
        ]
        return httpx.Response(200, json={"epochs": shown})


class Holder:
    """UWV, with a share of epoch 1, at a node."""

    def __init__(self, folder: Path, url: str, node: Epochs) -> None:
        self.folder, self.url, self.node = folder, url, node
        self.keys, self.safe = folder / "uwv", folder / "safe"

    def held(self) -> list[Path]:
        return sorted((self.keys / FOLDER).glob("*.share"))

    def backup(self) -> Result:
        return signaalketen("share", "backup", "--keys", self.keys, "--out", self.safe)

    def restore(self, *, recovery: str = "uwv", keys: str = "uwv") -> Result:
        backups = sorted(self.safe.iterdir())
        more = ("--keys", self.folder / keys, "--recovery", self.folder / f"{recovery}.recovery")
        return signaalketen("share", "restore", *backups, *more, "--url", self.url)


@pytest.fixture
def uwv(folder: Path) -> Iterator[Holder]:
    founding = folder / "founding.note"
    make_draft(folder, founding, "--date", "2026-11-24")
    text = signaalketen("consortium", "show", founding, "--document").stdout
    epoch, shares = deal(decode_consortium(text), purpose=PURPOSE, number=1)
    for share in shares["uwv"]:
        Shares(folder / "uwv").store(purpose=PURPOSE, number=1, share=share)
    node = Epochs(epoch)
    with served(node) as url:
        yield Holder(folder, url, node)


def test_a_lost_share_comes_back_from_its_backup(uwv: Holder) -> None:
    (share,) = uwv.held()
    raw = share.read_bytes()
    backed_up = uwv.backup()
    share.unlink()

    restored = uwv.restore()

    assert (backed_up.exit_code, restored.exit_code) == (0, 0), restored.stderr
    assert uwv.held() == [share]
    assert share.read_bytes() == raw
    assert share.stat().st_mode & 0o777 == 0o600
    (backup,) = uwv.safe.iterdir()
    assert raw not in backup.read_bytes()
    for said in (backed_up, restored):
        assert f"epoch 1 of {PURPOSE}" in said.stdout
        assert raw.hex() not in said.stdout


def test_restoring_what_is_there_changes_nothing(uwv: Holder) -> None:
    uwv.backup()
    before = [path.read_bytes() for path in uwv.held()]

    assert uwv.restore().exit_code == 0

    assert [path.read_bytes() for path in uwv.held()] == before


def test_a_backup_is_not_written_over(uwv: Holder) -> None:
    uwv.backup()
    before = {path: path.read_bytes() for path in uwv.safe.iterdir()}

    again = uwv.backup()

    assert again.exit_code == 2
    assert {path: path.read_bytes() for path in uwv.safe.iterdir()} == before


@pytest.mark.parametrize("wrong", [{"recovery": "svb"}, {"keys": "svb"}], ids=str)
def test_a_backup_opens_for_its_own_member_only(uwv: Holder, wrong: dict[str, str]) -> None:
    uwv.backup()
    uwv.held()[0].unlink()

    refused = uwv.restore(**wrong)

    assert refused.exit_code == 2
    assert len(refused.stderr.strip().split("\n")) == 1
    assert uwv.held() == []
    assert list((uwv.folder / "svb" / FOLDER).glob("*")) == []


def test_a_share_that_the_epochs_document_does_not_name_stays_away(uwv: Holder) -> None:
    uwv.backup()
    uwv.held()[0].unlink()
    document = decode_consortium(
        signaalketen("consortium", "show", uwv.folder / "founding.note", "--document").stdout
    )
    uwv.node.documents = [deal(document, purpose=PURPOSE, number=1)[0]]

    refused = uwv.restore()

    assert refused.exit_code == 2
    assert "not the share that the epoch's document names for uwv" in refused.stderr
    assert uwv.held() == []


@pytest.mark.parametrize("state", ["closed", "never opened"])
def test_a_share_of_no_open_epoch_stays_away(uwv: Holder, state: str) -> None:
    uwv.backup()
    uwv.held()[0].unlink()
    if state == "closed":
        uwv.node.closed = 7
    else:
        uwv.node.documents = []

    refused = uwv.restore()

    assert refused.exit_code == 2
    assert "is not open" in refused.stderr
    assert uwv.held() == []


def test_a_file_of_something_else_is_no_backup(uwv: Holder) -> None:
    uwv.safe.mkdir()
    (uwv.safe / "x.backup").write_bytes(b"something else")

    refused = uwv.restore()

    assert refused.exit_code == 2
    assert "is no backup of a share" in refused.stderr


def test_whoever_holds_nothing_is_told_so(uwv: Holder) -> None:
    assert "uwv" in MEMBERS
    uwv.held()[0].unlink()

    assert "uwv holds no shares here." in uwv.backup().stdout

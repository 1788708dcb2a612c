"""An epoch's life on the command line: dealt, signed by all holders, handed in, shown, closed."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
from typer.testing import Result

from ledger.epochs import Span
from ledger.errors import RefusedError
from ledger.state import State
from nodes.shares import FOLDER
from tests.support.command_line import MEMBERS, make_draft, signaalketen
from tests.support.fake_node import served

PURPOSE = "multiproblematiek"
DAY = "2026-11-24"
HOLDERS = tuple(MEMBERS)
SAYS_SO = "--insecure-dealer"


@dataclass
class GovernedNode:
    """A node that takes governance entries by the rules of the ledger, and nothing else."""

    state: State = field(default_factory=State)
    media_types: list[str] = field(default_factory=list)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if (request.method, request.url.path) == ("GET", "/v1/epochs"):
            spans = self.state.epochs.spans.get(PURPOSE, [])
            return httpx.Response(200, json={"epochs": [shown(span) for span in spans]})
        if request.headers.get("authorization") != "Bearer operators":
            return httpx.Response(401, json={"detail": "This token is not known here."})
        self.media_types.append(request.headers["content-type"])
        try:
            appended = self.state.apply(request.read())
        except RefusedError as refusal:
            return httpx.Response(400, json={"detail": str(refusal)})
        return httpx.Response(202, json={"entryId": appended.admission.id.hex()})


def shown(span: Span) -> dict[str, object]:
    number = span.document.number
    return {"purpose": PURPOSE, "number": number, "opened": span.opened, "closed": span.closed}


@dataclass(frozen=True)
class Workplace:
    """The files of all members in one folder, and a node at `url`."""

    folder: Path
    node: GovernedNode
    url: str

    @property
    def document(self) -> Path:
        return self.folder / "consortium.toml"

    @property
    def note(self) -> Path:
        return self.folder / "dealt" / "epoch.note"

    def handed(self, name: str) -> Path:
        return self.folder / "dealt" / f"{name}.shares"

    def held(self, name: str) -> list[Path]:
        return sorted((self.folder / name / FOLDER).glob("*"))

    def deal(self, *more: str, number: int = 1, out: str = "dealt", author: str = "szw") -> Result:
        return signaalketen(
            *("epoch", "deal", "--consortium", self.document, "--purpose", PURPOSE),
            *("--number", str(number), "--author", author, "--out", self.folder / out),
            *("--date", DAY, *more),
        )

    def sign(self, name: str, *more: str | Path, note: Path | None = None) -> Result:
        return signaalketen("epoch", "sign", note or self.note, "--keys", self.folder / name, *more)

    def take(self, name: str) -> Result:
        return self.sign(name, "--shares", self.handed(name))

    def submit(self, note: Path, *, token: str = "operators") -> Result:
        file = self.folder / "token"
        file.write_text(token + "\n")
        file.chmod(0o600)
        return signaalketen("epoch", "submit", note, "--url", self.url, "--token-file", file)

    def close(self, out: Path, *, number: int = 1, author: str = "bzk") -> Result:
        return signaalketen(
            *("epoch", "close", "--consortium", self.document, "--purpose", PURPOSE),
            *("--number", str(number), "--author", author, "--out", out, "--date", DAY),
        )

    def status(self) -> str:
        return signaalketen("epoch", "status", "--url", self.url).stdout


@pytest.fixture
def workplace(folder: Path) -> Iterator[Workplace]:
    founding = folder / "founding.note"
    make_draft(folder, founding, "--date", DAY)
    for name in MEMBERS:
        signaalketen("consortium", "sign", founding, "--keys", folder / name)
    text = signaalketen("consortium", "show", founding, "--document").stdout
    (folder / "consortium.toml").write_text(text)
    node = GovernedNode()
    node.state.apply(founding.read_bytes())
    with served(node) as url:
        yield Workplace(folder, node, url)


def test_an_epoch_is_dealt_signed_submitted_shown_and_closed(workplace: Workplace) -> None:
    dealt = workplace.deal(SAYS_SO)
    early = workplace.submit(workplace.note)
    said = [workplace.take(name) for name in HOLDERS]
    submitted = workplace.submit(workplace.note)
    opened = workplace.status()
    draft = workplace.folder / "close.note"
    drafted = workplace.close(draft)
    closers = [workplace.sign(name, note=draft) for name in ("bzk", "svb", "uwv")]
    closed = workplace.submit(draft)

    assert [r.exit_code for r in (dealt, *said, submitted, drafted, *closers, closed)] == [0] * 11
    assert (early.exit_code, early.stdout) == (2, "")
    assert "still missing  bzk, svb, szw\n" in said[0].stdout
    assert "Nobody is missing" in said[-1].stdout
    assert f"{PURPOSE}  epoch 1  opened in block 1, open" in opened
    assert "3 members have signed so far" in closers[-1].stdout
    assert f"{PURPOSE}  epoch 1  opened in block 1, closed in block 2" in workplace.status()
    assert set(workplace.node.media_types) == {"text/plain"}


def test_a_dealer_says_that_it_is_insecure(workplace: Workplace) -> None:
    dealt = workplace.deal(SAYS_SO)

    assert "could compute every pseudonym" in dealt.stderr
    assert all(f"{name}.shares: hand it to {name}" in dealt.stdout for name in HOLDERS)


def test_nothing_is_dealt_by_whoever_does_not_say_that_it_is_insecure(
    workplace: Workplace,
) -> None:
    dealt = workplace.deal()

    assert dealt.exit_code == 2
    assert SAYS_SO in dealt.stderr
    assert not workplace.note.parent.exists()


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        (("--author", "belastingdienst"), "belastingdienst is none"),
        (("--purpose", "fraude"), "no purpose fraude"),
        (("--date", "24-11-2026"), "expected YYYY-MM-DD"),
    ],
)
def test_a_bad_dealing_is_refused_and_leaves_no_share_about(
    workplace: Workplace, more: tuple[str, ...], reason: str
) -> None:
    dealt = workplace.deal(SAYS_SO, *more)

    assert dealt.exit_code == 2
    assert reason in dealt.stderr
    assert not workplace.note.parent.exists()


def test_a_dealing_is_not_dealt_over(workplace: Workplace) -> None:
    workplace.deal(SAYS_SO)
    before = {path: path.read_bytes() for path in workplace.note.parent.iterdir()}

    again = workplace.deal(SAYS_SO)

    assert again.exit_code == 2
    assert {path: path.read_bytes() for path in workplace.note.parent.iterdir()} == before


def test_shares_are_for_their_owner_only_and_leave_no_copy(workplace: Workplace) -> None:
    workplace.deal(SAYS_SO)
    modes = {workplace.handed(name).stat().st_mode & 0o777 for name in HOLDERS}

    for name in HOLDERS:
        workplace.take(name)

    held = [path for name in HOLDERS for path in workplace.held(name)]
    assert modes | {path.stat().st_mode & 0o777 for path in held} == {0o600}
    assert [path.name for path in workplace.note.parent.iterdir()] == ["epoch.note"]
    assert len(held) == len({path.read_bytes() for path in held}) == len(HOLDERS)


def test_a_holder_does_not_sign_for_shares_that_it_lacks(workplace: Workplace) -> None:
    workplace.deal(SAYS_SO)
    before = workplace.note.read_bytes()

    signed = workplace.sign("uwv")

    assert signed.exit_code == 2
    assert ".share" in signed.stderr
    assert workplace.note.read_bytes() == before


def test_a_holder_signs_for_shares_that_it_took_before(workplace: Workplace) -> None:
    workplace.deal(SAYS_SO)
    draft, handed = workplace.note.read_bytes(), workplace.handed("uwv").read_bytes()
    workplace.take("uwv")
    # As after a crash between storing the share and signing the draft.
    workplace.note.write_bytes(draft)
    workplace.handed("uwv").write_bytes(handed)
    workplace.handed("uwv").chmod(0o600)

    again = workplace.take("uwv")

    assert again.exit_code == 0, again.stderr
    assert not workplace.handed("uwv").exists()


@pytest.mark.parametrize("wrong", ["of another holder", "of another dealing", "of another epoch"])
def test_a_wrong_share_is_refused_and_is_not_in_the_way_of_the_right_one(
    workplace: Workplace, wrong: str
) -> None:
    workplace.deal(SAYS_SO)
    workplace.deal(SAYS_SO, out="other", number=2 if wrong == "of another epoch" else 1)
    others = "svb" if wrong == "of another holder" else "../other/uwv"
    before = workplace.note.read_bytes()

    refused = workplace.sign("uwv", "--shares", workplace.handed(others))
    unchanged = workplace.note.read_bytes() == before
    nothing = workplace.held("uwv")
    right = workplace.take("uwv")

    assert (refused.exit_code, right.exit_code) == (2, 0)
    assert unchanged
    assert nothing == []
    assert workplace.handed(others).exists()


@pytest.mark.parametrize(
    "content", [b"", b"[[", b"x = 1\n", b"\xff\xfe", b'purpose = 1\nnumber = "x"\nshare = 3\n']
)
def test_a_file_of_something_else_holds_no_shares(workplace: Workplace, content: bytes) -> None:
    workplace.deal(SAYS_SO)
    workplace.handed("uwv").write_bytes(content)

    refused = workplace.take("uwv")

    assert refused.exit_code == 2
    assert len(refused.stderr.strip().split("\n")) == 1
    assert "holds no shares" in refused.stderr


def test_shares_that_others_could_read_are_refused(workplace: Workplace) -> None:
    workplace.deal(SAYS_SO)
    workplace.handed("uwv").chmod(0o644)

    refused = workplace.take("uwv")

    assert refused.exit_code == 2
    assert workplace.held("uwv") == []


def test_nobody_signs_twice(workplace: Workplace) -> None:
    workplace.deal(SAYS_SO)
    workplace.take("uwv")
    before = workplace.note.read_bytes()

    again = workplace.sign("uwv")

    assert again.exit_code == 2
    assert "signed this draft already" in again.stderr
    assert workplace.note.read_bytes() == before


def test_a_refusal_of_the_node_is_repeated_in_its_words(workplace: Workplace) -> None:
    workplace.deal(SAYS_SO)
    workplace.take("szw")

    unsigned = workplace.submit(workplace.note)
    stranger = workplace.submit(workplace.note, token="caseworkers")

    assert (unsigned.exit_code, stranger.exit_code) == (2, 2)
    assert "not signed by bzk, svb, uwv" in unsigned.stderr
    assert "This token is not known here." in stranger.stderr
    assert workplace.node.state.height == 1


def test_a_draft_that_closes_is_not_overwritten(workplace: Workplace) -> None:
    draft = workplace.folder / "close.note"
    workplace.close(draft)
    workplace.sign("uwv", note=draft)
    before = draft.read_bytes()

    again = workplace.close(draft)

    assert again.exit_code == 2
    assert draft.read_bytes() == before


def test_status_says_what_it_means_that_there_is_no_epoch(workplace: Workplace) -> None:
    assert "No epoch was opened yet" in workplace.status()


def test_a_node_that_does_not_answer_is_said_in_one_line() -> None:
    result = signaalketen("epoch", "status", "--url", "http://127.0.0.1:1")

    assert result.exit_code == 2
    assert "does not answer" in result.stderr

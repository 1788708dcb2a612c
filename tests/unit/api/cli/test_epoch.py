"""An epoch's life on the command line: generated, or signed by all holders; shown, closed."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import httpx
import pytest
from typer.testing import Result

from ledger.consortium_toml import decode_consortium
from ledger.day import decode_day
from ledger.epochs import Span
from ledger.errors import RefusedError
from ledger.state import State
from nodes.ceremony import draft_epoch, encode_draft
from nodes.shares import FOLDER, Shares
from tests.support.command_line import MEMBERS, make_draft, signaalketen
from tests.support.dealing import deal
from tests.support.fake_node import served

PURPOSE = "multiproblematiek"
DAY = "2026-11-24"
HOLDERS = tuple(MEMBERS)


@dataclass
class GovernedNode:
    """A node that takes governance entries by the rules of the ledger, and nothing else."""

    state: State = field(default_factory=State)
    media_types: list[str] = field(default_factory=list)
    generations: list[dict[str, object]] = field(default_factory=list)
    wishes: list[tuple[str, int | None]] = field(default_factory=list)
    agreed: list[tuple[str, int]] = field(default_factory=list)
    reasons: list[dict[str, object]] = field(default_factory=list)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        if path == "/readyz":
            answer = {"isReady": not self.reasons, "reasons": self.reasons}
            return httpx.Response(503 if self.reasons else 200, json=answer)
        if path == "/v1/epochs":
            spans = self.state.epochs.spans.get(PURPOSE, [])
            return httpx.Response(200, json={"epochs": [shown(span) for span in spans]})
        if request.headers.get("authorization") != "Bearer operators":
            return httpx.Response(401, json={"detail": "This token is not known here."})
        if path.startswith("/v1/generations"):
            if request.method == "POST":
                wish = json.loads(request.read())
                self.wishes.append((wish["purpose"], wish["replaces"]))
            return httpx.Response(200, json=self.generations.pop(0))
        if path == "/v1/agreements":
            agreed = json.loads(request.read())
            self.agreed.append((agreed["purpose"], agreed["replaces"]))
            return httpx.Response(202)
        return self._submit(request)

    def _submit(self, request: httpx.Request) -> httpx.Response:
        self.media_types.append(request.headers["content-type"])
        try:
            appended = self.state.apply(request.read())
        except RefusedError as refusal:
            return httpx.Response(400, json={"detail": str(refusal)})
        return httpx.Response(202, json={"entryId": appended.admission.id.hex()})


def shown(span: Span) -> dict[str, object]:
    return {
        "purpose": PURPOSE,
        "number": span.document.number,
        "opened": span.opened,
        "closed": span.closed,
        "replaced": span.replaced,
        "document": span.document.encode(),
    }


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
        return self.folder / "epoch.note"

    def held(self, name: str) -> list[Path]:
        return sorted((self.folder / name / FOLDER).glob("*"))

    def deal(self, number: int = 1, *, replaces: int | None = None) -> None:
        """Give every holder its shares, and draft the epoch, as if they had generated it."""
        document = decode_consortium(self.document.read_text())
        epoch, shares = deal(document, purpose=PURPOSE, number=number)
        for name, held in shares.items():
            for share in held:
                Shares(self.folder / name).store(purpose=PURPOSE, number=number, share=share)
        epoch = replace(epoch, replaces=replaces)
        entry = draft_epoch(epoch, origin=document.origin, author="szw", day=decode_day(DAY))
        self.note.write_bytes(encode_draft(entry))

    def sign(self, name: str, *more: str | Path, note: Path | None = None) -> Result:
        return signaalketen("epoch", "sign", note or self.note, "--keys", self.folder / name, *more)

    def token(self, token: str) -> Path:
        """Return a file that holds a token."""
        file = self.folder / "token"
        file.write_text(token + "\n")
        file.chmod(0o600)
        return file

    def generate(self, *more: str, token: str = "operators") -> Result:
        return signaalketen(
            *("epoch", "generate", "--purpose", PURPOSE, *more, "--url", self.url),
            *("--token-file", self.token(token)),
        )

    def submit(self, note: Path, *, token: str = "operators") -> Result:
        file = self.token(token)
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


def test_an_epoch_is_signed_submitted_shown_and_closed(workplace: Workplace) -> None:
    workplace.deal()
    early = workplace.submit(workplace.note)
    said = [workplace.sign(name) for name in HOLDERS]
    submitted = workplace.submit(workplace.note)
    opened = workplace.status()
    draft = workplace.folder / "close.note"
    drafted = workplace.close(draft)
    closers = [workplace.sign(name, note=draft) for name in ("bzk", "svb", "uwv")]
    closed = workplace.submit(draft)

    assert [r.exit_code for r in (*said, submitted, drafted, *closers, closed)] == [0] * 10
    assert (early.exit_code, early.stdout) == (2, "")
    assert "still missing  bzk, svb, szw\n" in said[0].stdout
    assert "Nobody is missing" in said[-1].stdout
    assert f"{PURPOSE}  epoch 1  opened in block 1, open" in opened
    assert "3 members have signed so far" in closers[-1].stdout
    assert f"{PURPOSE}  epoch 1  opened in block 1, closed in block 2" in workplace.status()
    assert set(workplace.node.media_types) == {"text/plain"}


def test_a_holder_does_not_sign_for_shares_that_it_lacks(workplace: Workplace) -> None:
    workplace.deal()
    workplace.held("uwv")[0].unlink()
    before = workplace.note.read_bytes()

    signed = workplace.sign("uwv")

    assert signed.exit_code == 2
    assert ".share" in signed.stderr
    assert workplace.note.read_bytes() == before


def generation(state: str, step: str = "sign", **more: object) -> dict[str, object]:
    """Return what a node says of a generation."""
    fields = {"purpose": PURPOSE, "number": 1, "holders": ["bzk", "uwv"], "fault": None}
    return {**fields, "culprit": None, "state": state, "step": step, **more}


def test_generating_says_who_takes_part_and_what_they_do(workplace: Workplace) -> None:
    workplace.node.generations = [
        generation("running", "key"),
        generation("running", "key"),
        generation("running", "certificate"),
        generation("submitted"),
        generation("open"),
    ]

    result = workplace.generate()

    assert result.exit_code == 0, result.stderr
    assert f"Epoch 1 of {PURPOSE}: bzk, uwv make its key." in result.stdout
    assert result.stdout.count("draws a key") == 1
    said = [line.strip() for line in result.stdout.splitlines()]
    assert said.index("each checks what it was sent, and signs that all saw the same") < said.index(
        "the epoch is handed in"
    )
    assert f"Epoch 1 of {PURPOSE} is open." in said
    assert workplace.node.wishes == [(PURPOSE, None)]


def test_a_generation_says_which_epoch_it_replaces(workplace: Workplace) -> None:
    workplace.node.generations = [generation("open", number=2)]

    result = workplace.generate("--replaces", "1")

    assert result.exit_code == 0, result.stderr
    assert "It replaces epoch 1: every member posts its live signals anew" in result.stdout
    assert workplace.node.wishes == [(PURPOSE, 1)]


def test_where_a_share_is_lost_a_generation_must_say_what_it_replaces(
    workplace: Workplace,
) -> None:
    workplace.node.reasons = [
        {"code": "share-lost", "text": "epoch 1: gone", "remedy": "generate --replaces 1"}
    ]
    workplace.node.generations = [generation("open", number=2)]

    refused = workplace.generate()
    assert refused.exit_code == 2
    assert "epoch 1: gone. generate --replaces 1" in " ".join(refused.stderr.split())
    assert workplace.node.wishes == []

    assert workplace.generate("--replaces", "0").exit_code == 0
    assert workplace.node.wishes == [(PURPOSE, None)]


def test_an_operator_agrees_that_a_key_is_lost(workplace: Workplace) -> None:
    agreed = signaalketen(
        *("epoch", "agree", "--purpose", PURPOSE, "--replaces", "1", "--url", workplace.url),
        *("--token-file", workplace.token("operators")),
    )

    assert agreed.exit_code == 0, agreed.stderr
    assert "epoch 1 of multiproblematiek may be replaced" in agreed.stdout
    assert workplace.node.agreed == [(PURPOSE, 1)]


def test_status_tells_a_replaced_epoch_and_how_far_posting_anew_is(workplace: Workplace) -> None:
    for number, lost in ((1, None), (2, 1)):
        workplace.deal(number, replaces=lost)
        for name in HOLDERS:
            workplace.sign(name)
        workplace.submit(workplace.note)
    workplace.node.reasons = [
        {"code": "posting-anew", "text": "412 of 1,200 signals are posted anew", "remedy": "wait"}
    ]

    shown = workplace.status()

    assert "epoch 1  opened in block 1, its key lost, replaced in block 2, open" in shown
    assert "epoch 2  opened in block 2, open" in shown
    assert "posting-anew  412 of 1,200 signals are posted anew" in shown


def test_a_generation_that_fails_names_who_is_to_blame(workplace: Workplace) -> None:
    workplace.node.generations = [
        generation("running", "key"),
        generation("failed", fault="svb: agencies: share: it is not right", culprit="svb"),
    ]

    result = workplace.generate()

    assert result.exit_code == 1
    assert "no epoch was opened: svb: agencies: share" in result.stderr
    assert "everybody can check: svb." in result.stderr


def test_a_generation_by_no_operator_is_refused(workplace: Workplace) -> None:
    result = workplace.generate(token="caseworkers")

    assert result.exit_code == 2
    assert "This token is not known here." in result.stderr
    assert workplace.node.wishes == []


def test_status_says_what_is_to_be_done(workplace: Workplace) -> None:
    workplace.node.reasons = [
        {"code": "share-lost", "text": "epoch 1: gone", "remedy": "signaalketen share restore"},
        {"code": "fork", "text": "not about epochs", "remedy": "audit"},
    ]

    shown = workplace.status()

    assert "share-lost  epoch 1: gone" in shown
    assert "do  signaalketen share restore" in shown
    assert "fork" not in shown


def test_nobody_signs_twice(workplace: Workplace) -> None:
    workplace.deal()
    workplace.sign("uwv")
    before = workplace.note.read_bytes()

    again = workplace.sign("uwv")

    assert again.exit_code == 2
    assert "signed this draft already" in again.stderr
    assert workplace.note.read_bytes() == before


def test_a_refusal_of_the_node_is_repeated_in_its_words(workplace: Workplace) -> None:
    workplace.deal()
    workplace.sign("szw")

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

"""What members signed together is handed in at a node, and refused with the reason if it cannot be.

The tests of epochs stand in the order of an epoch's life, on nodes of their own.
"""

from collections.abc import Iterator, Sequence

import httpx
import pytest

from ledger.block import Block
from ledger.consortium_toml import decode_consortium
from ledger.entry import Entry
from ledger.epoch import CLOSED, EpochDocument
from nodes import ceremony
from nodes.shares import FOLDER, Shares
from tests.cluster.api.conftest import Faced, running
from tests.support.consortium import ORIGIN, ROLES, RULES
from tests.support.dealing import deal
from tests.support.faces import Face
from tests.support.meeting import post, somebody

PURPOSE = "multiproblematiek"
EVERYBODY = tuple(ROLES)


@pytest.fixture(scope="module")
def governed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Faced]:
    """Four nodes that these tests may govern as they like."""
    with running(tmp_path_factory.mktemp("governed"), wait_seconds=60) as faced:
        yield faced


def note_of(governed: Faced, document: EpochDocument, *, by: Sequence[str] = EVERYBODY) -> bytes:
    """Return the entry that states `document`, signed by these members."""
    entry = ceremony.draft_epoch(
        document, origin=ORIGIN, author=by[0], day=governed.cluster.clock.today()
    )
    return signed(governed, entry, by)


def signed(governed: Faced, entry: Entry, by: Sequence[str]) -> bytes:
    """Return an entry, signed by these members."""
    draft = ceremony.decode_draft(ceremony.encode_draft(entry))
    for name in by:
        draft = ceremony.sign_draft(draft, governed.cluster.founded.keyring(name))
    return draft.encode()


def opening(governed: Faced, number: int) -> EpochDocument:
    """Deal the shares of an epoch to all holders and return what opens it."""
    founded = governed.cluster.founded
    epoch, dealt = deal(founded.document, purpose=PURPOSE, number=number)
    for name, held in dealt.items():
        store = Shares(founded.root / name / "keys")
        store.destroy(purpose=PURPOSE, number=number)
        for share in held:
            store.store(purpose=PURPOSE, number=number, share=share)
    return epoch


def closing(number: int) -> EpochDocument:
    """Return what closes an epoch."""
    return EpochDocument(PURPOSE, number, CLOSED, ())


def submit(face: Face, note: bytes, *, role: str | None = "operator") -> httpx.Response:
    """Hand in a note."""
    return face.post(
        "/v1/entries", content=note, role=role, key=None, headers={"Content-Type": "text/plain"}
    )


def epochs(face: Face) -> list[tuple[int, bool]]:
    """Return (number, whether it is open) of every epoch, as a stranger reads them."""
    found = face.get("/v1/epochs").json()["epochs"]
    assert {epoch["purpose"] for epoch in found} <= {PURPOSE}
    return [(epoch["number"], epoch["closed"] is None) for epoch in found]


def wait_epochs(governed: Faced, expected: list[tuple[int, bool]]) -> None:
    """Wait until every node has these epochs."""
    faces = governed.faces.values()
    governed.faces["uwv"].until(lambda: all(epochs(face) == expected for face in faces))


def test_there_is_no_epoch_before_one_is_opened(governed: Faced) -> None:
    assert governed.faces["bzk"].get("/v1/epochs").json() == {"epochs": []}


@pytest.mark.parametrize("missing", EVERYBODY)
def test_an_epoch_without_the_signature_of_a_holder_is_refused_by_name(
    governed: Faced, missing: str
) -> None:
    by = [name for name in EVERYBODY if name != missing]

    response = submit(governed.faces["uwv"], note_of(governed, opening(governed, 1), by=by))

    assert response.status_code == 400
    assert f"not signed by {missing}" in response.json()["detail"]


def test_an_epoch_out_of_turn_is_refused_at_once(governed: Faced) -> None:
    response = submit(governed.faces["uwv"], note_of(governed, opening(governed, 2)))

    assert response.status_code == 400
    assert "expected epoch 1" in response.json()["detail"]


def test_the_operator_opens_epochs_and_everybody_reads_of_it(governed: Faced) -> None:
    uwv = governed.faces["uwv"]
    note = note_of(governed, opening(governed, 1))

    first = submit(uwv, note)
    wait_epochs(governed, [(1, True)])
    again = submit(uwv, note)
    second = submit(governed.faces["szw"], note_of(governed, opening(governed, 2)))
    wait_epochs(governed, [(1, True), (2, True)])

    opened = uwv.get("/v1/epochs").json()["epochs"][0]["opened"]
    block = Block.decode(governed.cluster.blocks("uwv")[opened])
    assert (first.status_code, second.status_code) == (202, 202)
    assert (first.json()["author"], first.json()["kind"]) == ("uwv", "epoch")
    assert block.signed.id.hex() == first.json()["entryId"]
    # Handed in again it changes nothing.
    assert (again.status_code, again.json()["entryId"]) == (202, first.json()["entryId"])


def test_a_third_open_epoch_is_refused(governed: Faced) -> None:
    wait_epochs(governed, [(1, True), (2, True)])

    response = submit(governed.faces["uwv"], note_of(governed, opening(governed, 3)))

    assert response.status_code == 400
    assert "close the oldest first" in response.json()["detail"]


@pytest.mark.parametrize(
    ("number", "by", "reason"),
    [(2, EVERYBODY, "only the oldest"), (1, ("uwv", "svb"), "needs 3 members")],
)
def test_an_epoch_is_closed_by_enough_members_and_the_oldest_first(
    governed: Faced, number: int, by: Sequence[str], reason: str
) -> None:
    response = submit(governed.faces["uwv"], note_of(governed, closing(number), by=by))

    assert response.status_code == 400
    assert reason in response.json()["detail"]


def test_a_closed_epoch_stays_on_the_list_and_its_shares_are_destroyed(governed: Faced) -> None:
    folders = [governed.cluster.founded.root / name / "keys" / FOLDER for name in EVERYBODY]
    before = [list(folder.glob(f"{PURPOSE}.1.*")) for folder in folders]

    response = submit(
        governed.faces["uwv"], note_of(governed, closing(1), by=("uwv", "svb", "bzk"))
    )

    wait_epochs(governed, [(1, False), (2, True)])
    governed.faces["uwv"].until(lambda: not any(p.exists() for paths in before for p in paths))
    assert response.status_code == 202
    assert all(before)
    assert all(any(folder.glob(f"{PURPOSE}.2.*")) for folder in folders)


def test_a_next_version_of_the_document_comes_into_force(governed: Faced) -> None:
    founded, uwv = governed.cluster.founded, governed.faces["uwv"]
    current = decode_consortium(uwv.get("/v1/consortium").text)
    cards = [
        ceremony.member_card(
            founded.keyring(m.name), title=m.title, oin=m.oin, roles=sorted(m.roles)
        )
        for m in current.members
    ]
    rules = RULES.read_text().replace("member = 10", "member = 11")
    document = ceremony.draft_document(rules, cards, previous=current)
    entry = ceremony.draft_entry(document, author="szw", day=governed.cluster.clock.today())

    alone = submit(uwv, signed(governed, entry, ("szw",)))
    together = submit(uwv, signed(governed, entry, ("szw", "uwv", "svb", "bzk")))

    uwv.until(lambda: uwv.get("/v1/consortium").text == document.raw)
    assert (alone.status_code, together.status_code) == (400, 202)
    assert together.json()["kind"] == "consortium"


def test_only_governance_is_handed_in(governed: Faced) -> None:
    uwv = governed.faces["uwv"]
    own = post(governed.faces, "uwv", somebody())
    raw = governed.cluster.blocks("uwv")[own["height"]].partition(b"\n\n")[2]

    assert submit(uwv, raw).status_code == 400


@pytest.mark.parametrize(
    "note", [b"", b"\xff\xfe", b"text", b"a/entry/v1\nuwv\n\n", b"{}"], ids=repr
)
def test_what_is_no_entry_is_refused(uwv: Face, note: bytes) -> None:
    assert submit(uwv, note).status_code == 400


def test_a_note_of_no_honest_length_is_refused(uwv: Face) -> None:
    assert submit(uwv, b"x" * (512 * 1024 + 1)).status_code == 413


@pytest.mark.parametrize("role", ["caseworker", "approver", "policy", "fg", "auditor"])
def test_entries_are_handed_in_by_the_operator_only(uwv: Face, role: str) -> None:
    assert submit(uwv, b"text", role=role).status_code == 403


def test_entries_are_handed_in_by_nobody_unknown(uwv: Face) -> None:
    response = submit(uwv, b"text", role=None)

    assert response.status_code == 401
    assert response.headers["www-authenticate"] == "Bearer"


@pytest.fixture(scope="module")
def generating(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Faced]:
    """Four nodes that have no key yet."""
    with running(tmp_path_factory.mktemp("generating"), wait_seconds=60) as faced:
        yield faced


def wish(
    face: Face,
    *,
    role: str | None = "operator",
    purpose: str = PURPOSE,
    replaces: int | None = None,
) -> httpx.Response:
    """Ask a node to lead the generation of a key."""
    json = {"purpose": purpose} | ({} if replaces is None else {"replaces": replaces})
    return face.post("/v1/generations", json=json, role=role, key=None)


def agree(face: Face, number: int, *, role: str | None = "operator") -> int:
    json = {"purpose": PURPOSE, "replaces": number}
    return face.post("/v1/agreements", json=json, role=role, key=None).status_code


def newest(face: Face) -> httpx.Response:
    return face.get("/v1/generations/newest", role="operator")


def test_nobody_but_the_operator_generates_a_key_or_sees_how_far_it_is(generating: Faced) -> None:
    face = generating.faces["uwv"]

    assert newest(face).status_code == 404
    assert [wish(face, role=role).status_code for role in (None, "caseworker")] == [401, 403]
    for role, status in ((None, 401), ("caseworker", 403)):
        assert face.get("/v1/generations/newest", role=role).status_code == status
    assert wish(face, purpose="fraude").status_code == 400
    assert newest(face).status_code == 404


def test_the_operator_lets_the_holders_generate_a_key(generating: Faced) -> None:
    face = generating.faces["uwv"]

    begun, again = wish(face), wish(face)
    face.until(lambda: newest(face).json()["state"] not in {"running", "submitted"})

    assert (begun.status_code, again.status_code) == (202, 409)
    assert begun.json()["holders"] == ["bzk", "svb", "szw", "uwv"]
    ended = newest(face).json()
    assert (ended["state"], ended["number"], ended["fault"]) == ("open", 1, None)
    wait_epochs(generating, [(1, True)])
    shown = face.get("/v1/epochs").json()["epochs"][0]["document"]
    assert len(EpochDocument.decode(shown).shares) == len(EVERYBODY)


def test_a_generation_that_fails_says_why_and_readiness_what_to_do(generating: Faced) -> None:
    face = generating.faces["uwv"]

    with generating.without("bzk"):
        assert wish(face).status_code == 202
        face.until(lambda: newest(face).json()["state"] == "failed")

    assert newest(face).json()["fault"].startswith("bzk: ")
    reasons = face.get("/readyz", role="operator").json()["reasons"]
    (reason,) = [r for r in reasons if r["code"] == "generation-failed"]
    assert "signaalketen epoch generate" in reason["remedy"]


def test_an_epoch_is_replaced_once_the_operator_of_every_holder_agreed(generating: Faced) -> None:
    face = generating.faces["uwv"]
    if face.get("/v1/epochs").json()["epochs"] == []:
        wish(face)
        wait_epochs(generating, [(1, True)])
    assert agree(face, 2) == wish(face, replaces=2).status_code == 400
    assert [agree(face, 1, role=role) for role in (None, "caseworker")] == [401, 403]
    assert {agree(generating.faces[name], 1) for name in ("svb", "szw")} == {202}

    assert wish(face, replaces=1).status_code == 202
    face.until(lambda: newest(face).json()["state"] == "failed")
    assert newest(face).json()["fault"].startswith("bzk: ")
    assert "operator has not agreed" in newest(face).json()["fault"]

    assert agree(generating.faces["bzk"], 1) == 202
    assert wish(face, replaces=1).status_code == 202
    face.until(lambda: newest(face).json()["state"] not in {"running", "submitted"})
    assert newest(face).json()["state"] == "open"
    first, second = face.get("/v1/epochs").json()["epochs"]
    assert first["replaced"] == second["opened"]
    assert (first["closed"], second["replaced"]) == (None, None)

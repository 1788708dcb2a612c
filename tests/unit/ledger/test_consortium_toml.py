"""Reading a consortium document: each rule of a single version, and the place that is told."""

from collections.abc import Iterator
from typing import Any

import pytest
import tomli_w
from hypothesis import given

from ledger.consortium import MAX_DOCUMENT_BYTES, Consortium
from ledger.consortium_toml import decode_consortium
from ledger.errors import ConsortiumError
from ledger.key import KeyType, SigningKey, VerifierKey
from tests.support.parties import Change, founding_draft, make_consortium, make_member
from tests.support.signers import ORIGIN
from tests.support.spoiling import spoiled

RAW = make_consortium().document.raw
COLLIDING = (34_054, 105_509)
"""Two numbers that as public keys of type 01 named `ORIGIN` have the same key id."""
Path = tuple[str | int, ...]
CONTACT = {"phone": "020 - 123 45 67", "mailbox": "loket@uwv.example", "hours": "ma-vr 9-17"}
TABLES: list[Path] = [
    (),
    ("member", 1),
    ("desk", 0),
    ("group", 1),
    ("purpose", 0),
    ("basis", 0),
    ("disclosure", 2),
    ("vocabulary",),
]

MAY_BE_ABSENT = {("desk", key) for key in CONTACT}


def draft() -> dict[str, Any]:
    return founding_draft(make_consortium().members)


def at(draft: dict[str, Any], path: Path) -> dict[str, Any]:
    found: Any = draft
    for step in path:
        found = found[step]
    assert isinstance(found, dict)
    return found


def every_key() -> Iterator[tuple[Path, str]]:
    for path in TABLES:
        for key in at(draft(), path):
            if (*path[:1], key) not in MAY_BE_ABSENT:
                yield path, key


def read(draft: dict[str, Any]) -> Consortium:
    return decode_consortium(tomli_w.dumps(draft))


def error(draft: dict[str, Any]) -> str:
    with pytest.raises(ConsortiumError) as caught:
        read(draft)
    return str(caught.value)


def vkey(name: str, kind: KeyType = KeyType.ED25519, *, seed: int = 9) -> str:
    return SigningKey(name, kind, bytes([seed]) * 32).verifier.encode()


def member(name: str) -> Any:
    return lambda draft: next(table for table in draft["member"] if table["name"] == name)


def test_document_is_read_as_it_stands() -> None:
    document = make_consortium().document

    assert (document.origin, document.version, document.quorum, document.k) == (ORIGIN, 1, 3, 10)
    assert list(document.by_name) == ["bzk", "svb", "szw", "uwv"]
    uwv = document.by_name["uwv"]
    assert uwv.entry_keys == (make_member("uwv").entry.verifier,)
    assert uwv.cosigning_keys == (make_member("uwv").cosigning.verifier,)
    assert (uwv.log_key, uwv.sdjwt_key) == (
        make_member("uwv").log.verifier,
        make_member("uwv").sdjwt.verifier,
    )
    assert document.independents == {"bzk"}
    assert document.custodians == ("bzk", "szw", "uwv", "svb")
    assert document.quota["signal"] == 20_000
    assert document.retention["signal"] == 730
    assert "schulden" in document.vocabulary["theme"]
    assert document.raw == RAW


@pytest.mark.parametrize(("path", "key"), list(every_key()))
def test_each_key_is_needed_and_its_absence_named(path: Path, key: str) -> None:
    lacking = draft()
    del at(lacking, path)[key]

    assert f"{key} is missing" in error(lacking)


@pytest.mark.parametrize(("path", "key"), list(every_key()))
@pytest.mark.parametrize("value", [1.5, True, [[]], {}, ""])
def test_value_of_another_type_is_refused(path: Path, key: str, value: object) -> None:
    odd = draft()
    if type(at(odd, path)[key]) is type(value) is not str:
        value = "text"
    at(odd, path)[key] = value

    assert key in error(odd)


@pytest.mark.parametrize("path", TABLES)
def test_key_that_nobody_knows_is_refused(path: Path) -> None:
    more = draft()
    at(more, path)["colour"] = "blue"

    assert "colour is not known here" in error(more)


CASES: list[tuple[str, Change]] = [
    ("format must be one of", lambda d: d.update(format="signaalketen/consortium/v2")),
    ("origin must be at most", lambda d: d.update(origin="signaalketen test")),
    ("origin must be at most", lambda d: d.update(origin="signaalketen+test")),
    ("origin must be at most", lambda d: d.update(origin="signaalkéten.test")),
    ("origin must be at most", lambda d: d.update(origin="s" * 101)),
    ("version must be 1 to", lambda d: d.update(version=0)),
    ("previous must be 64 small hex digits", lambda d: d.update(previous="0" * 63)),
    ("previous must be 64 small hex digits", lambda d: d.update(previous="A" * 64)),
    ("previous must be", lambda d: d.update(previous="0" * 31 + "zz" + "0" * 31)),
    ("protocol must be 1 to", lambda d: d.update(protocol=0)),
    ("profile must be one of demo, production", lambda d: d.update(profile="test")),
    ("k must be 2 to", lambda d: d.update(k=1)),
    ("quorum of at least 3", lambda d: d.update(quorum=2)),
    ("quorum of at least 3", lambda d: d.update(quorum=5)),
    ("quorum: 4 witnesses need", lambda d: d.update(quorum=1)),
    ("custodians: zzz is not known", lambda d: d.update(custodians=["zzz"])),
    ("custodians must be a list of texts, not empty", lambda d: d.update(custodians=[])),
    ("custodians repeats a name", lambda d: d.update(custodians=["bzk", "bzk"])),
    ("custodians: svb lacks the role", lambda d: member("svb")(d).update(roles=["witness"])),
    ("[[member]] 1: expected a table", lambda d: d.update(member=["bzk"])),
    ("name must be small letters", lambda d: d["member"][0].update(name="BZK")),
    ("[[member]] uwv: roles: boss is not", lambda d: member("uwv")(d).update(roles=["boss"])),
    ("[[member]] uwv: roles must be", lambda d: member("uwv")(d).update(roles=[])),
    ("[[member]] uwv: oin must be 20", lambda d: member("uwv")(d).update(oin="1" * 19)),
    ("[[member]] uwv: oin must be 20", lambda d: member("uwv")(d).update(oin="²" * 20)),
    ("[[member]] uwv: title must be", lambda d: member("uwv")(d).update(title="a\nb")),
    ("[[member]] uwv: title must be", lambda d: member("uwv")(d).update(title="x" * 401)),
    ("[[member]] uwv: title must be", lambda d: member("uwv")(d).update(title="a\u202eb")),
    ("[[member]] uwv: title must be", lambda d: member("uwv")(d).update(title="a\u00adb")),
    ("[[member]] uwv: title must be", lambda d: member("uwv")(d).update(title="a\U0001fae9")),
    ("[[member]] uwv: entry_keys: vkey", lambda d: member("uwv")(d).update(entry_keys=["x"])),
    ("entry_keys must be a list of texts, not empty", lambda d: member("uwv")(d).update(
        entry_keys=[])),
    ("entry_keys repeats", lambda d: member("uwv")(d).update(
        entry_keys=[vkey(f"{ORIGIN}/uwv")] * 2)),
    (f"entry_keys must be a key named {ORIGIN}/uwv", lambda d: member("uwv")(d).update(
        entry_keys=[vkey(f"{ORIGIN}/svb")])),
    ("entry_keys must be a key named", lambda d: member("uwv")(d).update(
        entry_keys=[vkey(f"{ORIGIN}/uwv", KeyType.COSIGNATURE)])),
    (f"log_key must be a key named {ORIGIN} ", lambda d: member("uwv")(d).update(
        log_key=vkey(f"{ORIGIN}/uwv"))),
    ("cosigning_keys must be a key named", lambda d: member("uwv")(d).update(
        cosigning_keys=[vkey(f"{ORIGIN}/uwv")])),
    ("cosigning_keys: one of type 04 is needed", lambda d: member("uwv")(d).update(
        cosigning_keys=[VerifierKey(
            f"{ORIGIN}/uwv", KeyType.COSIGNATURE_ML_DSA, bytes(1312)).encode()])),
    ("sdjwt_key must be a key named", lambda d: member("uwv")(d).update(
        sdjwt_key=vkey(f"{ORIGIN}/uwv"))),
    ("[[member]] name is repeated", lambda d: d["member"].append(
        make_member("uwv", generation=2).table() | {"oin": "00000099000000000999"})),
    ("[[member]] oin is repeated", lambda d: member("uwv")(d).update(
        oin=member("svb")(d)["oin"])),
    ("[[member]] key is repeated", lambda d: [member(name)(d).update(
        entry_keys=[vkey(f"{ORIGIN}/{name}")]) for name in ("uwv", "svb")]),
    ("[[member]] key is repeated", lambda d: member("uwv")(d).update(
        entry_keys=[vkey(f"{ORIGIN}/uwv")],
        cosigning_keys=[vkey(f"{ORIGIN}/uwv", KeyType.COSIGNATURE)])),
    ("[[desk]] 1: name must be member/desk", lambda d: d["desk"][0].update(name="uwv")),
    ("name must be member/desk", lambda d: d["desk"][0].update(name="uwv/a/b")),
    ("name must be member/desk", lambda d: d["desk"][0].update(name="uwv/A")),
    ("number must be 1 to 65535", lambda d: d["desk"][0].update(number=65_536)),
    ("kind must be one of case, policy", lambda d: d["desk"][0].update(kind="other")),
    ("phone must be digits", lambda d: d["desk"][0].update(phone="bel Anna")),
    ("phone must be 1 to 400", lambda d: d["desk"][0].update(phone="")),
    ("mailbox must be an e-mail", lambda d: d["desk"][0].update(mailbox="a@b Bcc: c@d")),
    ("mailbox must be an e-mail", lambda d: d["desk"][0].update(mailbox="nobody")),
    ("hours must be at most 100", lambda d: d["desk"][0].update(hours="9" * 101)),
    ("phone must be of type str", lambda d: d["desk"][0].update(phone=20)),
    ("[[desk]] name is repeated", lambda d: d["desk"][0].update(name=d["desk"][1]["name"])),
    ("[[desk]] number is repeated", lambda d: d["desk"][0].update(number=2)),
    ("[[desk]] member: zzz is not known", lambda d: d["desk"][3].update(name="zzz/beleid")),
    ("[[group]]: at least one group", lambda d: d.update(group=[])),
    ("holders must be a list of texts, not empty", lambda d: d["group"][0].update(holders=[])),
    ("holders repeats a name", lambda d: d["group"][0].update(holders=["szw", "szw"])),
    ("threshold must be 1 to", lambda d: d["group"][0].update(threshold=0)),
    ("threshold is over the number", lambda d: d["group"][0].update(threshold=4)),
    ("[[group]] name is repeated", lambda d: d["group"][0].update(name="independents")),
    ("[[group]] holder is repeated", lambda d: d["group"][0].update(holders=["szw", "bzk"])),
    ("[[group]] holders: zzz is not known", lambda d: d["group"][0].update(
        holders=["szw", "uwv", "zzz"])),
    ("[[purpose]] name is repeated", lambda d: d["purpose"].append(d["purpose"][0])),
    ("[[purpose]] bases: none-such is not", lambda d: d["purpose"][0].update(
        bases=["none-such"])),
    ("bases must be a list of texts, not empty", lambda d: d["purpose"][0].update(bases=[])),
    ("[[basis]] name is repeated", lambda d: d["basis"].append(d["basis"][0])),
    ("status must be one of", lambda d: d["basis"][0].update(status="soon")),
    ("[[disclosure]] purpose: zzz is not", lambda d: d["disclosure"][0].update(purpose="zzz")),
    ("[[disclosure]] desk: uwv/zzz is not", lambda d: d["disclosure"][0].update(desk="uwv/zzz")),
    ("[[disclosure]] desk: szw/beleid is for policy",
        lambda d: d["disclosure"][0].update(desk="szw/beleid")),
    ("fraud detection cannot be purposes", lambda d: d["purpose"][0].update(title="Fraude")),
    ("fields: bsn is not known", lambda d: d["disclosure"][0].update(fields=["bsn"])),
    ("[[disclosure]] purpose and desk is repeated", lambda d: d["disclosure"].append(
        d["disclosure"][0])),
    ("theme must be a list of texts, not empty", lambda d: d["vocabulary"].update(theme=[])),
    ("theme repeats a name", lambda d: d["vocabulary"].update(theme=["zorg", "zorg"])),
    ("[retention]: signal must be 1 to", lambda d: d["retention"].update(signal=0)),
    ("[quota]: signal must be 1 to", lambda d: d["quota"].update(signal=-1)),
]  # fmt: skip


@pytest.mark.parametrize(
    ("message", "change"), [pytest.param(m, c, id=f"{i}: {m}") for i, (m, c) in enumerate(CASES)]
)
def test_broken_rule_is_told_with_its_place(message: str, change: Change) -> None:
    broken = draft()
    change(broken)

    assert message in error(broken)


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "\n",
        "format = \n",
        RAW[:-1],
        RAW.replace("version = 1\n", "version = 1\nversion = 1\n"),
        "x = " + "[" * 5_000 + "\n",
        "x = " + "1" * 5_000 + "\n",
        RAW + "#" + "x" * MAX_DOCUMENT_BYTES + "\n",
    ],
    ids=["empty", "blank", "cut", "no end", "twice", "deep", "long number", "large"],
)
def test_text_that_is_no_document_is_refused_and_nothing_worse(raw: str) -> None:
    with pytest.raises(ConsortiumError, match=r"^document: "):
        decode_consortium(raw)


def test_titles_are_written_as_dutch_is_written() -> None:
    titled = draft()
    title = "Gemeente ’s-Hertogenbosch – Zorg & Inkomen („één loket”), €"
    member("uwv")(titled)["title"] = title

    assert read(titled).by_name["uwv"].title == title


@pytest.mark.parametrize(("quorum", "witnesses"), [(3, 3), (3, 4), (4, 4)])
def test_quorum_is_counted_over_the_witnesses(quorum: int, witnesses: int) -> None:
    fewer = draft()
    fewer["quorum"] = quorum
    for table in fewer["member"][witnesses:]:
        table["roles"] = ["issuer", "custodian"]

    assert read(fewer).quorum == quorum
    fewer["member"][0]["roles"] = ["holder", "custodian"]
    if quorum == witnesses:
        assert "quorum" in error(fewer)


def test_post_quantum_key_may_stand_beside_the_one_that_counts() -> None:
    both = draft()
    key = VerifierKey(f"{ORIGIN}/uwv", KeyType.COSIGNATURE_ML_DSA, bytes(1312)).encode()
    member("uwv")(both)["cosigning_keys"].append(key)

    assert len(read(both).by_name["uwv"].cosigning_keys) == 2


def test_keys_of_one_name_with_one_key_id_are_refused() -> None:
    # Whoever finds a second key of somebody's key id makes that one's lines fail to verify.
    first, second = (VerifierKey(ORIGIN, KeyType.ED25519, n.to_bytes(32, "big")) for n in COLLIDING)
    assert first.id == second.id
    alike = draft()
    member("uwv")(alike)["log_key"] = first.encode()
    read(alike)

    member("svb")(alike)["log_key"] = second.encode()

    assert error(alike) == "[[member]] key id is repeated"


@given(spoiled(RAW.encode()))
def test_spoiled_document_is_read_or_refused_and_nothing_worse(raw: bytes) -> None:
    text = raw.decode(errors="replace")
    try:
        document = decode_consortium(text)
    except ConsortiumError:
        return

    assert document.raw == text


def test_desk_says_how_to_reach_it_or_nothing() -> None:
    changed = draft()
    changed["desk"][0].update(CONTACT)
    for key in CONTACT:
        changed["desk"][1].pop(key, None)

    told, silent = read(changed).desks[:2]

    assert (told.phone, told.mailbox, told.hours) == tuple(CONTACT.values())
    assert (silent.phone, silent.mailbox, silent.hours) == ("", "", "")

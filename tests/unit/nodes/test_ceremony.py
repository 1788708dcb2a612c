"""From keys and rules to a founding entry that every node accepts."""

from pathlib import Path

import pytest

from ledger.entry import SignedEntry
from ledger.errors import ConsortiumError, RefusedError
from ledger.state import State
from nodes import ceremony
from nodes.errors import ConfigurationError
from nodes.keyring import Keyring, create_keyring
from tests.support.consortium import ORIGIN, ROLES, RULES, Founded, found
from tests.support.fakes import NOON


@pytest.fixture(scope="module")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Founded:
    return found(tmp_path_factory.mktemp("consortium"))


@pytest.fixture(scope="module")
def rings(founded: Founded) -> dict[str, Keyring]:
    return {name: founded.keyring(name) for name in ROLES}


def cards(rings: dict[str, Keyring]) -> list[str]:
    return [
        ceremony.member_card(ring, title=name.upper(), oin=f"00000099{i:012}", roles=ROLES[name])
        for i, (name, ring) in enumerate(rings.items())
    ]


def draft(rings: dict[str, Keyring]) -> bytes:
    document = ceremony.draft_document(RULES.read_text(), cards(rings))
    entry = ceremony.draft_entry(document, author="uwv", day=NOON.date())
    return ceremony.encode_draft(entry)


def test_a_card_shows_public_keys_and_nothing_private(
    founded: Founded, rings: dict[str, Keyring]
) -> None:
    shown = "".join(cards(rings)).encode()

    for name in ROLES:
        for seed in (founded.root / name / "keys").glob("*.seed"):
            assert seed.read_bytes() not in shown
            assert seed.read_bytes().hex().encode() not in shown


def test_the_document_holds_the_rules_and_every_member(rings: dict[str, Keyring]) -> None:
    document = ceremony.draft_document(RULES.read_text(), cards(rings))

    assert [member.name for member in document.members] == list(ROLES)
    assert (document.origin, document.version, document.quorum) == (ORIGIN, 1, 3)
    for name, ring in rings.items():
        assert document.by_name[name].entry_keys == (ring.entry.verifier,)


def test_a_successor_names_the_document_before_it(
    founded: Founded, rings: dict[str, Keyring]
) -> None:
    rules = RULES.read_text().replace("k = 10", "k = 12")

    successor = ceremony.draft_document(rules, cards(rings), previous=founded.document)

    assert (successor.version, successor.previous) == (2, founded.document.digest)


def test_a_successor_keeps_what_it_does_not_change(
    founded: Founded, rings: dict[str, Keyring]
) -> None:
    changed = cards(rings)[1].replace('title = "SVB"', 'title = "Sociale Verzekeringsbank"')

    rules, kept = ceremony.succeed(founded.document, [changed])
    successor = ceremony.draft_document(rules, kept, previous=founded.document)

    before = founded.document
    assert [m.name for m in successor.members] == [m.name for m in before.members]
    assert successor.by_name["svb"].title == "Sociale Verzekeringsbank"
    assert successor.by_name["svb"].keys == before.by_name["svb"].keys
    assert (successor.desks, successor.groups, successor.quota) == (
        before.desks,
        before.groups,
        before.quota,
    )
    assert (successor.version, successor.previous) == (2, before.digest)


def test_a_member_leaves_only_by_its_name(founded: Founded) -> None:
    _, kept = ceremony.succeed(founded.document, [], without=["szw"])

    assert len(kept) == len(ROLES) - 1
    assert not any('name = "szw"' in card for card in kept)
    with pytest.raises(ConfigurationError, match="duo cannot leave"):
        ceremony.succeed(founded.document, [], without=["duo"])


def test_an_unsigned_draft_reads_back(rings: dict[str, Keyring]) -> None:
    raw = draft(rings)

    read = ceremony.decode_draft(raw)

    assert read.lines == ()
    assert ceremony.encode_draft(read.entry) == raw


@pytest.mark.parametrize("order", [("uwv", "svb", "szw", "bzk"), ("bzk", "szw", "uwv", "svb")])
def test_signed_by_all_in_any_order_it_founds_the_same_chain(
    rings: dict[str, Keyring], order: tuple[str, ...]
) -> None:
    signed = ceremony.decode_draft(draft(rings))
    for name in order:
        signed = ceremony.sign_draft(ceremony.decode_draft(_raw(signed)), rings[name])

    state = State()
    state.apply(signed.encode())

    assert [line.name.rpartition("/")[2] for line in signed.lines] == ["uwv", "bzk", "svb", "szw"]
    assert state.document is not None


def _raw(signed: SignedEntry) -> bytes:
    return signed.encode() if signed.lines else ceremony.encode_draft(signed.entry)


@pytest.mark.parametrize("missing", list(ROLES))
def test_without_every_signature_it_founds_nothing(rings: dict[str, Keyring], missing: str) -> None:
    signed = ceremony.decode_draft(draft(rings))
    for name, ring in rings.items():
        if name != missing:
            signed = ceremony.sign_draft(signed, ring)

    with pytest.raises(RefusedError):
        State().apply(signed.encode())


def test_nobody_signs_twice(rings: dict[str, Keyring]) -> None:
    signed = ceremony.sign_draft(ceremony.decode_draft(draft(rings)), rings["svb"])

    with pytest.raises(ConfigurationError, match="svb has signed this draft already"):
        ceremony.sign_draft(signed, rings["svb"])


def test_a_draft_of_another_ledger_is_not_signed(rings: dict[str, Keyring], tmp_path: Path) -> None:
    other = create_keyring(
        tmp_path / "keys", origin="elsewhere", member="uwv", recovery=tmp_path / "recovery"
    )

    with pytest.raises(ConfigurationError, match="not a consortium or epoch draft of elsewhere"):
        ceremony.sign_draft(ceremony.decode_draft(draft(rings)), other)


def test_a_document_that_breaks_a_rule_is_not_signed(rings: dict[str, Keyring]) -> None:
    spoiled = draft(rings).replace(b"quorum = 3", b"quorum = 2")

    with pytest.raises(RefusedError, match="quorum"):
        ceremony.sign_draft(ceremony.decode_draft(spoiled), rings["uwv"])


@pytest.mark.parametrize("raw", [b"", b"junk", b"junk\n\n", b"\xff\xfe\n\n"])
def test_what_is_no_draft_is_refused(raw: bytes) -> None:
    with pytest.raises(ConfigurationError, match="not a draft"):
        ceremony.decode_draft(raw)


def test_rules_and_cards_that_are_not_toml_are_told_apart(rings: dict[str, Keyring]) -> None:
    with pytest.raises(ConfigurationError, match="the rules: not TOML"):
        ceremony.draft_document("origin =", cards(rings))
    with pytest.raises(ConfigurationError, match="a card: not TOML"):
        ceremony.draft_document(RULES.read_text(), ["name ="])


def test_a_member_that_comes_twice_is_refused(rings: dict[str, Keyring]) -> None:
    repeated = cards(rings)

    with pytest.raises(ConsortiumError):
        ceremony.draft_document(RULES.read_text(), [*repeated, repeated[0]])

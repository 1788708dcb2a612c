"""New keys beside old ones, which of them sign, and when the old ones go."""

from dataclasses import replace
from pathlib import Path

import pytest

from ledger.consortium import Consortium
from nodes import ceremony, rotation
from nodes.errors import ConfigurationError
from nodes.keyring import SEEDS, Generation, Keyring, load_keyring
from nodes.rotation import make_generation, retire_generations
from tests.support.consortium import ROLES, RULES, Founded, found


@pytest.fixture
def founded(tmp_path: Path) -> Founded:
    return found(tmp_path)


@pytest.fixture
def keys(founded: Founded) -> Path:
    return founded.root / "uwv" / "keys"


def successor(founded: Founded) -> Consortium:
    """Return the next document, with every member's newest keys."""
    cards = [
        ceremony.member_card(
            founded.keyring(name), title=name.upper(), oin=f"00000099{i:012}", roles=ROLES[name]
        )
        for i, name in enumerate(ROLES)
    ]
    return ceremony.draft_document(RULES.read_text(), cards, previous=founded.document)


def in_use(ring: Keyring) -> Generation:
    return Generation(
        number=next(g.number for g in ring.generations if g.entry == ring.entry),
        entry=ring.entry,
        log=ring.log,
        cosigning=ring.cosigning,
        post_quantum=ring.post_quantum,
        sdjwt=ring.sdjwt,
        sealing=ring.sealing,
    )


def test_new_keys_lie_beside_the_old_ones_and_sign_nothing_yet(keys: Path) -> None:
    before = load_keyring(keys)

    assert make_generation(keys) == 2

    after = load_keyring(keys)
    assert in_use(after) == in_use(before) == after.generations[0]
    assert len(after.generations) == 2
    old, new = ({(p / n).read_bytes() for n in SEEDS} for p in (keys, keys / "2"))
    assert len(old) == len(new) == len(SEEDS)
    assert old.isdisjoint(new)


def test_what_is_encrypted_at_rest_stays_readable(keys: Path) -> None:
    before = load_keyring(keys)

    make_generation(keys)

    after = load_keyring(keys)
    assert (after.store_key, after.recovery) == (before.store_key, before.recovery)


def test_new_keys_are_their_owners_alone(keys: Path) -> None:
    make_generation(keys)

    assert (keys / "2").stat().st_mode & 0o777 == 0o700
    assert {(keys / "2" / name).stat().st_mode & 0o777 for name in SEEDS} == {0o600}


def test_a_card_shows_the_newest_keys(founded: Founded, keys: Path) -> None:
    make_generation(keys)
    new = load_keyring(keys).generations[-1]

    member = successor(founded).by_name["uwv"]

    assert member.entry_keys == (new.entry.verifier,)
    assert member.log_key == new.log.verifier
    assert new.post_quantum is not None
    assert member.cosigning_keys == (new.cosigning.verifier, new.post_quantum.verifier)
    assert member.sdjwt_key == new.sdjwt.verifier


def test_the_document_in_force_says_which_keys_sign(founded: Founded, keys: Path) -> None:
    make_generation(keys)
    new = successor(founded)
    ring = load_keyring(keys)
    old, newest = ring.generations

    assert not ring.follow(founded.document)
    assert in_use(ring) == old
    assert ring.follow(new)
    # What others seal to is opened by the key that the node began with.
    assert in_use(ring) == replace(newest, sealing=old.sealing)
    assert not ring.follow(new)
    assert ring.cosigning_for(founded.document) == old.cosigning
    assert ring.post_quantum_for(founded.document) == old.post_quantum
    assert ring.cosigning_for(new) == newest.cosigning
    assert ring.post_quantum_for(new) == newest.post_quantum


def test_a_node_that_starts_opens_with_the_generation_that_signs(
    founded: Founded, keys: Path
) -> None:
    make_generation(keys)
    ring = load_keyring(keys)

    ring.begin(founded.document)
    assert in_use(ring) == ring.generations[0]
    ring.begin(successor(founded))

    assert in_use(ring) == ring.generations[1]


def test_a_document_that_names_none_of_its_keys_changes_nothing(
    founded: Founded, keys: Path
) -> None:
    ring = load_keyring(keys)
    stranger = replace(ring, member="duo")

    assert not stranger.follow(founded.document)
    assert stranger.post_quantum_for(founded.document) is None
    assert stranger.cosigning_for(founded.document) == ring.cosigning


def test_an_old_keyring_gets_its_post_quantum_key_by_rotation(tmp_path: Path) -> None:
    founded = found(tmp_path, post_quantum=False)
    keys = founded.root / "uwv" / "keys"
    before = load_keyring(keys)

    make_generation(keys)
    ring = load_keyring(keys)
    ring.follow(successor(founded))

    assert before.post_quantum is None
    assert ring.post_quantum is not None
    assert ring.post_quantum_for(founded.document) is None


def test_no_third_generation_is_made_while_one_waits(keys: Path) -> None:
    make_generation(keys)

    with pytest.raises(ConfigurationError, match="generation 2 is waiting already"):
        make_generation(keys)


def test_a_generation_that_was_cut_off_is_made_anew(
    keys: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[Path] = []

    def cut_off(path: Path, raw: bytes) -> None:
        written.append(path)
        if len(written) == 3:
            raise OSError(28, "No space left on device")
        path.write_bytes(raw)

    with monkeypatch.context() as patch:
        patch.setattr(rotation, "write_private", cut_off)
        with pytest.raises(ConfigurationError, match="No space left"):
            make_generation(keys)
    assert len(load_keyring(keys).generations) == 1

    assert make_generation(keys) == 2
    assert len(load_keyring(keys).generations) == 2


def test_old_keys_go_once_the_new_ones_are_in_force(founded: Founded, keys: Path) -> None:
    make_generation(keys)
    newest = load_keyring(keys).generations[-1]

    assert retire_generations(keys, successor(founded)) == [1]

    ring = load_keyring(keys)
    assert ring.generations == (newest,)
    assert in_use(ring) == newest
    assert not any((keys / name).exists() for name in SEEDS)
    assert retire_generations(keys, successor(founded)) == []


def test_generations_go_on_being_made_and_retired(founded: Founded, keys: Path) -> None:
    for number in (2, 3, 4):
        assert make_generation(keys) == number
        assert retire_generations(keys, successor(founded)) == [number - 1]

    assert [g.number for g in load_keyring(keys).generations] == [4]
    assert sorted(p.name for p in keys.iterdir() if p.is_dir()) == ["4"]


def test_keys_that_are_in_force_are_never_destroyed(founded: Founded, keys: Path) -> None:
    make_generation(keys)

    with pytest.raises(ConfigurationError, match="does not name all keys of generation 2"):
        retire_generations(keys, founded.document)

    assert len(load_keyring(keys).generations) == 2


def test_half_a_retired_generation_is_none(founded: Founded, keys: Path) -> None:
    make_generation(keys)
    (keys / "entry.seed").unlink()

    assert [g.number for g in load_keyring(keys).generations] == [2]
    assert retire_generations(keys, successor(founded)) == []
    assert not any((keys / name).exists() for name in SEEDS)


@pytest.mark.parametrize("name", SEEDS)
def test_a_later_generation_that_others_may_read_is_refused(keys: Path, name: str) -> None:
    make_generation(keys)
    (keys / "2" / name).chmod(0o640)

    with pytest.raises(ConfigurationError, match="can be read by others"):
        load_keyring(keys)

from pathlib import Path

import pytest

from ledger.key import KeyType
from ledger.seal import SealingKey
from nodes.errors import ConfigurationError
from nodes.keyring import Keyring, create_keyring, load_keyring, read_private, verify_private

ORIGIN = "signaalketen.test/demo"
PRIVATE = ("entry.seed", "log.seed", "cosign.seed", "sd-jwt.seed", "node.seed", "store.key")


def create(root: Path, *, member: str = "uwv", origin: str = ORIGIN) -> Keyring:
    return create_keyring(
        root / "keys", origin=origin, member=member, recovery=root / "recovery.seed"
    )


def test_a_made_keyring_reads_back_as_it_was(tmp_path: Path) -> None:
    made = create(tmp_path)

    assert load_keyring(tmp_path / "keys") == made
    assert (made.origin, made.member) == (ORIGIN, "uwv")


def test_every_key_is_another_and_named_for_its_use(tmp_path: Path) -> None:
    ring = create(tmp_path)

    seeds = {(tmp_path / "keys" / name).read_bytes() for name in PRIVATE}
    assert len(seeds) == len(PRIVATE)
    assert (ring.entry.name, ring.entry.type) == (f"{ORIGIN}/uwv", KeyType.ED25519)
    assert (ring.log.name, ring.log.type) == (ORIGIN, KeyType.ED25519)
    assert (ring.cosigning.name, ring.cosigning.type) == (f"{ORIGIN}/uwv", KeyType.COSIGNATURE)
    assert ring.sdjwt.name == f"{ORIGIN}/uwv/sd-jwt"


def test_the_recovery_seed_is_kept_apart_and_fits_its_public_half(tmp_path: Path) -> None:
    ring = create(tmp_path)

    seed = (tmp_path / "recovery.seed").read_bytes()

    assert SealingKey(seed).public == ring.recovery
    assert all(seed not in file.read_bytes() for file in (tmp_path / "keys").iterdir())


def test_nothing_private_can_be_read_by_others(tmp_path: Path) -> None:
    create(tmp_path)

    private = [tmp_path / "recovery.seed", *(tmp_path / "keys" / name for name in PRIVATE)]

    assert [file.stat().st_mode & 0o777 for file in private] == [0o600] * len(private)
    assert (tmp_path / "keys").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("name", PRIVATE)
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o610, 0o602])
def test_a_seed_that_others_have_any_right_to_is_refused(
    tmp_path: Path, name: str, mode: int
) -> None:
    create(tmp_path)
    (tmp_path / "keys" / name).chmod(mode)

    with pytest.raises(ConfigurationError, match=f"{name} can be read by others: run `chmod 600"):
        load_keyring(tmp_path / "keys")


@pytest.mark.parametrize("name", PRIVATE)
@pytest.mark.parametrize("size", [0, 31, 33])
def test_a_seed_of_another_size_is_refused(tmp_path: Path, name: str, size: int) -> None:
    create(tmp_path)
    (tmp_path / "keys" / name).write_bytes(bytes(size))

    with pytest.raises(ConfigurationError, match=f"must hold 32 bytes, not {size}"):
        load_keyring(tmp_path / "keys")


@pytest.mark.parametrize("name", [*PRIVATE, "member.toml", "recovery.pub"])
def test_a_missing_file_is_named_or_the_way_to_make_a_keyring(tmp_path: Path, name: str) -> None:
    create(tmp_path)
    (tmp_path / "keys" / name).unlink()

    with pytest.raises(ConfigurationError, match=rf"{name}|signaalketen key new"):
        load_keyring(tmp_path / "keys")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("member.toml", b"\xff\xfe"),
        ("member.toml", b"origin ="),
        ("member.toml", b'origin = "o"\n'),
        ("recovery.pub", b"short"),
    ],
)
def test_a_public_file_that_makes_no_sense_is_refused(
    tmp_path: Path, name: str, content: bytes
) -> None:
    create(tmp_path)
    (tmp_path / "keys" / name).write_bytes(content)

    with pytest.raises(ConfigurationError, match="holds no keyring"):
        load_keyring(tmp_path / "keys")


def test_a_keyring_is_never_overwritten(tmp_path: Path) -> None:
    made = create(tmp_path)
    (tmp_path / "recovery.seed").rename(tmp_path / "in-the-safe")

    with pytest.raises(ConfigurationError, match="never overwritten"):
        create(tmp_path)

    assert load_keyring(tmp_path / "keys") == made
    assert not (tmp_path / "recovery.seed").exists()


def test_a_recovery_seed_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "recovery.seed").write_bytes(b"somebody's")

    with pytest.raises(ConfigurationError, match="never overwritten"):
        create(tmp_path)

    assert (tmp_path / "recovery.seed").read_bytes() == b"somebody's"
    assert not (tmp_path / "keys").exists()


def test_a_recovery_seed_that_cannot_be_written_leaves_no_half_keyring(tmp_path: Path) -> None:
    nowhere = tmp_path / "not" / "there"

    with pytest.raises(ConfigurationError, match="cannot be written"):
        create_keyring(tmp_path / "keys", origin=ORIGIN, member="uwv", recovery=nowhere)

    assert create(tmp_path).member == "uwv"


def test_an_empty_folder_that_others_may_read_is_closed_first(tmp_path: Path) -> None:
    (tmp_path / "keys").mkdir(mode=0o755)

    create(tmp_path)

    assert (tmp_path / "keys").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize(
    ("origin", "member"),
    [("two words", "uwv"), ("a+b", "uwv"), ("", "uwv"), (ORIGIN, "UWV"), (ORIGIN, "")],
)
def test_a_name_that_no_key_can_have_is_refused(tmp_path: Path, origin: str, member: str) -> None:
    with pytest.raises(ConfigurationError, match="no spaces or plus signs"):
        create(tmp_path, origin=origin, member=member)


def test_keys_for_different_uses_at_rest_differ(tmp_path: Path) -> None:
    ring = create(tmp_path)

    assert ring.derive("box") == ring.derive("box") != ring.derive("index")
    assert ring.store_key not in {ring.derive("box"), ring.derive("index")}


def test_no_representation_of_a_keyring_shows_a_seed(tmp_path: Path) -> None:
    ring = create(tmp_path)

    shown = repr(ring)

    for name in PRIVATE:
        seed = (tmp_path / "keys" / name).read_bytes()
        assert seed.hex() not in shown
        assert repr(seed)[2:-1] not in shown


def test_a_folder_is_no_private_file(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)

    with pytest.raises(ConfigurationError, match="not a file"):
        read_private(tmp_path)


def test_a_missing_private_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"tokens\.toml cannot be read"):
        verify_private(tmp_path / "tokens.toml")

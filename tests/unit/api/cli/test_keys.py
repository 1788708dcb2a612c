import stat
from pathlib import Path

import pytest

from tests.support.command_line import signaalketen


def test_keys_are_their_owners_alone_and_never_overwritten(folder: Path, tmp_path: Path) -> None:
    seeds = sorted((folder / "uwv").glob("*.seed"))
    before = [seed.read_bytes() for seed in seeds]

    again = signaalketen(
        *("key", "new", "--origin", "x", "--member", "uwv"),
        *("--keys", folder / "uwv", "--recovery", tmp_path / "new.recovery"),
    )
    recovered = signaalketen(
        *("key", "new", "--origin", "x", "--member", "uwv"),
        *("--keys", tmp_path / "new", "--recovery", folder / "uwv.recovery"),
    )

    assert (again.exit_code, recovered.exit_code) == (2, 2)
    assert "never overwritten" in again.stderr
    assert "never overwritten" in recovered.stderr
    assert [seed.read_bytes() for seed in seeds] == before
    private = [*seeds, folder / "uwv" / "store.key", folder / "uwv.recovery"]
    assert {stat.S_IMODE(path.stat().st_mode) for path in private} == {0o600}


@pytest.mark.parametrize(
    ("recovery", "reason"),
    [("keys/recovery", "outside the keys"), ("nowhere/recovery", "make it first")],
)
def test_recovery_seed_must_have_a_place_of_its_own(
    tmp_path: Path, recovery: str, reason: str
) -> None:
    result = signaalketen(
        *("key", "new", "--origin", "x", "--member", "uwv"),
        *("--keys", tmp_path / "keys", "--recovery", tmp_path / recovery),
    )

    assert result.exit_code == 2
    assert reason in result.stderr
    assert not (tmp_path / "keys").exists()


def test_what_to_do_with_new_keys_is_said(tmp_path: Path) -> None:
    result = signaalketen(
        *("key", "new", "--origin", "x", "--member", "uwv"),
        *("--keys", tmp_path / "keys", "--recovery", tmp_path / "recovery"),
    )

    assert result.exit_code == 0
    assert f"{tmp_path / 'recovery'}\n      The recovery seed." in result.stdout
    assert (tmp_path / "recovery").read_bytes().hex() not in result.stdout


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        (("--role", "king"), "king is no role"),
        (("--oin", "123"), "20 digits"),
        (("--keys", "nowhere"), "holds no keyring"),
    ],
)
def test_bad_card_is_refused_in_words(folder: Path, changed: tuple[str, str], reason: str) -> None:
    options = {"--keys": str(folder / "uwv"), "--oin": "0" * 20, "--role": "issuer"}
    arguments = [part for pair in (options | dict([changed])).items() for part in pair]

    result = signaalketen("member", "card", "--title", "UWV", *arguments)

    assert result.exit_code == 2
    assert reason in result.stderr


def test_keys_that_others_can_read_are_refused(folder: Path) -> None:
    (folder / "uwv" / "entry.seed").chmod(0o640)

    result = signaalketen(
        *("member", "card", "--keys", folder / "uwv", "--title", "UWV"),
        *("--oin", "0" * 20, "--role", "issuer"),
    )

    assert result.exit_code == 2
    assert "chmod 600" in result.stderr

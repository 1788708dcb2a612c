"""What every `ledger.cosignature.Cosigner` owes: one name, and keys that nobody else has."""

from collections.abc import Callable
from pathlib import Path

import pytest

from ledger.cosignature import Cosigner
from ledger.key import KeyType
from tests.support.consortium import found
from tests.support.signers import WITNESSES

Cosigners = Callable[[Path], tuple[Cosigner, ...]]


def _fakes(folder: Path) -> tuple[Cosigner, ...]:
    return WITNESSES


def _members(folder: Path) -> tuple[Cosigner, ...]:
    return found(folder).document.witnesses


@pytest.fixture(params=[_fakes, _members])
def cosigners(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Cosigner, ...]:
    make: Cosigners = request.param
    return make(tmp_path)


def test_names_and_public_keys_are_one_members_alone(cosigners: tuple[Cosigner, ...]) -> None:
    names = [cosigner.name for cosigner in cosigners]
    keys = [key.public for cosigner in cosigners for key in cosigner.cosigning_keys]

    assert len(set(names)) == len(names) == 4
    assert len(set(keys)) == len(keys) >= 4


def test_each_has_a_cosigning_key_named_for_it(cosigners: tuple[Cosigner, ...]) -> None:
    for cosigner in cosigners:
        kinds = {key.type for key in cosigner.cosigning_keys}

        assert KeyType.COSIGNATURE in kinds
        assert all(key.name.endswith(f"/{cosigner.name}") for key in cosigner.cosigning_keys)

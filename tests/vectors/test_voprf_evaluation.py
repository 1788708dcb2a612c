"""RFC 9497, modes 0 and 1: evaluation, proofs and outputs, with the key whole and with it split."""

import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ledger.dleq import Proof, prove, verify_proof
from ledger.errors import VerificationError
from ledger.group import Point, Scalar, generator_times
from ledger.suite import Mode
from ledger.threshold import SharedGroup, combine, public_key, share_public, split
from ledger.voprf import blind, evaluate, finalize

AGENCIES = 3


def scalar(seed: int) -> Scalar:
    return Scalar.reduce(bytes([seed]) * 64)


def unhex(joined: str) -> list[bytes]:
    return [bytes.fromhex(part) for part in joined.split(",")]


@dataclass(frozen=True)
class Case:
    mode: Mode
    key: Scalar
    inputs: list[bytes]
    blinds: list[Scalar]
    blinded: list[Point]
    evaluated: list[Point]
    outputs: list[bytes]
    proof: dict[str, str] | None

    @classmethod
    def of(cls, suite: dict[str, Any], vector: dict[str, Any]) -> "Case":
        return cls(
            mode=Mode(suite["mode"]),
            key=Scalar(bytes.fromhex(suite["skSm"])),
            inputs=unhex(vector["Input"]),
            blinds=[Scalar(raw) for raw in unhex(vector["Blind"])],
            blinded=[Point(raw) for raw in unhex(vector["BlindedElement"])],
            evaluated=[Point(raw) for raw in unhex(vector["EvaluationElement"])],
            outputs=unhex(vector["Output"]),
            proof=vector.get("Proof"),
        )


def read_cases(vectors: Path) -> Iterator[Case]:
    for suite in json.loads((vectors / "voprf-ristretto255.json").read_text()):
        if suite["mode"] in (Mode.OPRF, Mode.VOPRF):
            for vector in suite["vectors"]:
                yield Case.of(suite, vector)


def test_both_modes_have_single_and_batch_vectors(vectors: Path) -> None:
    cases = list(read_cases(vectors))

    assert {case.mode for case in cases} == {Mode.OPRF, Mode.VOPRF}
    assert {len(case.inputs) for case in cases} == {1, 2}


def test_whole_key_gives_the_published_elements_and_outputs(vectors: Path) -> None:
    for case in read_cases(vectors):
        blinded = [
            blind(message, blinding=r, mode=case.mode)
            for message, r in zip(case.inputs, case.blinds, strict=True)
        ]
        evaluated = evaluate(blinded, key=case.key)
        outputs = [
            finalize(message, blinding=r, evaluated=element)
            for message, r, element in zip(case.inputs, case.blinds, evaluated, strict=True)
        ]

        assert (blinded, evaluated, outputs) == (case.blinded, case.evaluated, case.outputs)


def test_whole_key_gives_the_published_proofs(vectors: Path) -> None:
    proved = 0
    for case in read_cases(vectors):
        if case.proof is None:
            continue
        proof = prove(
            case.key,
            blinded=case.blinded,
            evaluated=case.evaluated,
            r=Scalar(bytes.fromhex(case.proof["r"])),
        )
        proved += 1

        assert proof.encode().hex() == case.proof["proof"]
        verify_proof(
            Proof.decode(proof.encode()),
            public=generator_times(case.key),
            blinded=case.blinded,
            evaluated=case.evaluated,
        )
    assert proved == 3


def shares_of(key: Scalar) -> tuple[dict[int, Scalar], Scalar, list[SharedGroup]]:
    """Split a key: agencies 2-of-3, and one independent."""
    independent = scalar(7)
    agencies = split([key - independent, scalar(9)], holders=AGENCIES)
    groups = [
        SharedGroup(2, {i: share_public(share) for i, share in agencies.items()}),
        SharedGroup(1, {1: share_public(independent)}),
    ]
    return agencies, independent, groups


@pytest.mark.parametrize("size", [2, 3])
def test_split_key_gives_the_published_elements_for_every_admissible_subset(
    vectors: Path, size: int
) -> None:
    for case in read_cases(vectors):
        agencies, independent, groups = shares_of(case.key)
        assert public_key(groups) == generator_times(case.key)
        for holders in itertools.combinations(agencies, size):
            combined = [
                combine(
                    groups,
                    [{i: alpha.times(agencies[i]) for i in holders}, {1: alpha.times(independent)}],
                )
                for alpha in case.blinded
            ]

            assert combined == case.evaluated


def test_split_key_gives_nothing_for_any_other_subset(vectors: Path) -> None:
    case = next(read_cases(vectors))
    agencies, independent, groups = shares_of(case.key)
    alpha = case.blinded[0]
    every = {i: alpha.times(share) for i, share in agencies.items()}
    alone = {1: alpha.times(independent)}

    for given in ([{}, alone], [every, {}], *([{i: e}, alone] for i, e in every.items())):
        with pytest.raises(VerificationError, match="are here"):
            combine(groups, given)
    for given in ([every], [every, alone, alone], []):
        with pytest.raises(VerificationError, match="every group"):
            combine(groups, given)

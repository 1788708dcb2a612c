"""RFC 9497's blinded elements, suite ristretto255-SHA512, modes 0 (OPRF) and 1 (VOPRF)."""

import json
from pathlib import Path

import pytest

from ledger.group import Scalar
from ledger.suite import Mode
from ledger.voprf import blind

BLIND = "64d37aed22a27f5191de1c1d69fadb899d8862b58eb4220029e036ec4c1f6706"


@pytest.mark.parametrize(
    ("mode", "element"),
    [
        # A.1.1.1
        (Mode.OPRF, "609a0ae68c15a3cf6903766461307e5c8bb2f95e7e6550e1ffa2dc99e412803c"),
        # A.1.2.1
        (Mode.VOPRF, "863f330cc1a1259ed5a5998a23acfd37fb4351a793a5b3c090b642ddc439b945"),
    ],
)
def test_the_rfcs_first_input_blinds_to_the_rfcs_element(mode: Mode, element: str) -> None:
    blinded = blind(b"\x00", blinding=Scalar(bytes.fromhex(BLIND)), mode=mode)

    assert blinded.encode().hex() == element


def test_every_published_input_blinds_to_the_published_element(
    vectors: Path, subtests: pytest.Subtests
) -> None:
    suites = json.loads((vectors / "voprf-ristretto255.json").read_text())
    known = [suite for suite in suites if suite["mode"] in set(Mode)]
    assert [suite["identifier"] for suite in known] == ["ristretto255-SHA512"] * 2

    for suite in known:
        for case in suite["vectors"]:
            columns = (case["Input"], case["Blind"], case["BlindedElement"])
            for message, blinding, element in zip(*(c.split(",") for c in columns), strict=True):
                with subtests.test(mode=suite["mode"], message=message):
                    blinded = blind(
                        bytes.fromhex(message),
                        blinding=Scalar(bytes.fromhex(blinding)),
                        mode=Mode(suite["mode"]),
                    )
                    assert blinded.encode().hex() == element

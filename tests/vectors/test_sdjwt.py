"""RFC 9901's disclosures and digests, and the claims of its examples."""

import json
import re
from pathlib import Path

import pytest

from ledger.claims import reveal
from ledger.errors import VerificationError
from ledger.sdjwt import (
    SdJwt,
    disclosure,
    disclosure_digest,
    from_base64url,
    issue,
    own_claims,
)
from tests.support.signers import entry_key

# 4.2.1: one claim in four spellings of JSON; the third, without white space, is the one made here.
SPELLINGS = {
    "white space": "WyJfMjZiYzRMVC1hYzZxMktJNmNCVzVlcyIsICJmYW1pbHlfbmFtZSIsICJNw7ZiaXVzIl0",
    "escape": "WyJfMjZiYzRMVC1hYzZxMktJNmNCVzVlcyIsICJmYW1pbHlfbmFtZSIsICJNXHUwMGY2Yml1cyJd",
    "none": "WyJfMjZiYzRMVC1hYzZxMktJNmNCVzVlcyIsImZhbWlseV9uYW1lIiwiTcO2Yml1cyJd",
    "newlines": "WwoiXzI2YmM0TFQtYWM2cTJLSTZjQlc1ZXMiLAoiZmFtaWx5X25hbWUiLAoiTcO2Yml1cyIKXQ",
}
# 5.1: salt, claim, value, disclosure, digest; those of its claims that are texts.
EXAMPLE = [
    (
        "2GLC42sKQveCfGfryNRN9w",
        "given_name",
        "John",
        "WyIyR0xDNDJzS1F2ZUNmR2ZyeU5STjl3IiwgImdpdmVuX25hbWUiLCAiSm9obiJd",
        "jsu9yVulwQQlhFlM_3JlzMaSFzglhQG0DpfayQwLUK4",
    ),
    (
        "eluV5Og3gSNII8EYnsxA_A",
        "family_name",
        "Doe",
        "WyJlbHVWNU9nM2dTTklJOEVZbnN4QV9BIiwgImZhbWlseV9uYW1lIiwgIkRvZSJd",
        "TGf4oLbgwd5JQaHyKVQZU9UdGE0w5rtDsrZzfUaomLo",
    ),
    (
        "6Ij7tM-a5iVPGboS5tmvVA",
        "email",
        "johndoe@example.com",
        "WyI2SWo3dE0tYTVpVlBHYm9TNXRtdlZBIiwgImVtYWlsIiwgImpvaG5kb2VAZXhhbXBsZS5jb20iXQ",
        "JzYjH4svliH0R3PyEMfeZu6Jt69u5qehZo7F7EPYlSE",
    ),
    (
        "eI8ZWm9QnKPpNPeNenHdhQ",
        "phone_number",
        "+1-202-555-0101",
        "WyJlSThaV205UW5LUHBOUGVOZW5IZGhRIiwgInBob25lX251bWJlciIsICIrMS0yMDItNTU1LTAxMDEiXQ",
        "PorFbpKuVu6xymJagvkFsFXAbRoc2JGlAUA2BA4o7cI",
    ),
    (
        "Pc33JM2LchcU_lHggv_ufQ",
        "birthdate",
        "1940-01-01",
        "WyJQYzMzSk0yTGNoY1VfbEhnZ3ZfdWZRIiwgImJpcnRoZGF0ZSIsICIxOTQwLTAxLTAxIl0",
        "gbOsI4Edq2x2Kw-w5wPEzakob9hV1cRD0ATN3oQL9JM",
    ),
]
each_example = pytest.mark.parametrize(
    ("salt", "name", "value", "printed", "digest"), EXAMPLE, ids=[row[1] for row in EXAMPLE]
)


def test_a_disclosure_is_the_rfcs_spelling_without_white_space() -> None:
    salt = from_base64url("_26bc4LT-ac6q2KI6cBW5es")

    assert disclosure(salt=salt, name="family_name", value="Möbius") == SPELLINGS["none"]


def test_the_digest_is_over_the_disclosures_text_not_over_what_it_says() -> None:
    assert (
        disclosure_digest(SPELLINGS["white space"]) == "X9yH0Ajrdm1Oij4tWso9UzzKJvPoDxwmuEcO3XAdRC0"
    )
    assert len({disclosure_digest(spelling) for spelling in SPELLINGS.values()}) == len(SPELLINGS)


@each_example
def test_the_rfcs_disclosures_hash_to_the_rfcs_digests(
    salt: str, name: str, value: str, printed: str, digest: str
) -> None:
    assert disclosure_digest(printed) == digest


@each_example
def test_our_disclosures_say_what_the_rfcs_say(
    salt: str, name: str, value: str, printed: str, digest: str
) -> None:
    ours = disclosure(salt=from_base64url(salt), name=name, value=value)

    assert json.loads(from_base64url(ours)) == json.loads(from_base64url(printed))


def test_the_claims_of_the_rfcs_examples_come_back_from_what_is_issued(
    vectors: Path, subtests: pytest.Subtests
) -> None:
    files = {file.stem: file.read_text() for file in (vectors / "sd-jwt").glob("*.yml")}
    del files["settings"]
    examples = {name: _text_claims(text) for name, text in files.items()}
    assert len(examples) == 15
    assert examples["simple"] == {name: value for _, name, value, _, _ in EXAMPLE}

    for example, claims in examples.items():
        with subtests.test(example):
            issued = issue(
                claims,
                always={"iss": "https://issuer.example.com"},
                key=entry_key("uwv"),
                total_digests=len(claims) + 2,
                random=lambda size: bytes(range(size)),
            )
            kept = own_claims(SdJwt.decode(issued.encode()), key=entry_key("uwv").verifier)
            assert kept == {**claims, "iss": "https://issuer.example.com"}


NATIONALITIES = {
    # 5.1: the elements of a list.
    "WyJsa2x4RjVqTVlsR1RQVW92TU5JdkNBIiwgIlVTIl0": "pFndjkZ_VCzmyTa6UjlZo3dh-ko8aIKQc9DlGzhaVYo",
    "WyJuUHVvUW5rUkZxM0JJZUFtN0FuWEZBIiwgIkRFIl0": "7Cf6JkPudry3lcbwHgeZ8khAv1U1OSlerP0VkBJrWZ0",
}
# 6.3: an address that is hidden whole, and each part of it.
PARTS = {
    "street_address": (
        "WyIyR0xDNDJzS1F2ZUNmR2ZyeU5STjl3IiwgInN0cmVldF9hZGRyZXNzIiwgIlNjaHVsc3RyLiAxMiJd"
    ),
    "locality": "WyJlbHVWNU9nM2dTTklJOEVZbnN4QV9BIiwgImxvY2FsaXR5IiwgIlNjaHVscGZvcnRhIl0",
    "region": "WyI2SWo3dE0tYTVpVlBHYm9TNXRtdlZBIiwgInJlZ2lvbiIsICJTYWNoc2VuLUFuaGFsdCJd",
    "country": "WyJlSThaV205UW5LUHBOUGVOZW5IZGhRIiwgImNvdW50cnkiLCAiREUiXQ",
}
ADDRESS = (
    "WyJRZ19PNjR6cUF4ZTQxMmExMDhpcm9BIiwgImFkZHJlc3MiLCB7Il9zZCI6IFsiNnZoOWJxLXpTNEdLTV83R3BnZ1Zi"
    "WXp6dTZvT0dYcm1OVkdQSFA3NVVkMCIsICI5Z2pWdVh0ZEZST0NnUnJ0TmNHVVhtRjY1cmRlemlfNkVyX2o3NmttWXlN"
    "IiwgIktVUkRQaDRaQzE5LTN0aXotRGYzOVY4ZWlkeTFvVjNhM0gxRGEyTjBnODgiLCAiV045cjlkQ0JKOEhUQ3NTMmpL"
    "QVN4VGpFeVc1bTV4NjVfWl8ycm8yamZYTSJdfV0"
)
ADDRESS_DIGEST = "HvrKX6fPV0v9K_yCVFBiLFHsMaxcD_114Em6VT8x1lg"


def _payload(**more: object) -> dict[str, object]:
    """Return 5.1's payload as far as its example is here: with three digests of others' claims."""
    others = [
        "CrQe7S5kqBAHt-nMYXgc6bdt2SH5aTY1sU_M-PgkjPI",
        "XQ_3kPKt1XyX7KANkqVR6yZ2Va5NrPIvPYbyMvRKBMM",
        "XzFrzwscM6Gn6CJDc6vVK8BkMnfG8vOSKfpPIZdAfdE",
    ]
    return {
        "_sd": [*others, *(digest for *_, digest in EXAMPLE)],
        "iss": "https://issuer.example.com",
        "sub": "user_42",
        "nationalities": [{"...": digest} for digest in NATIONALITIES.values()],
        "_sd_alg": "sha-256",
        **more,
    }


def test_the_rfcs_example_shows_what_is_disclosed_and_nothing_else() -> None:
    printed = {name: text for _, name, _, text, _ in EXAMPLE}
    us, _ = NATIONALITIES

    claims = reveal(_payload(), [printed["family_name"], printed["given_name"], us])

    assert claims == {
        "iss": "https://issuer.example.com",
        "sub": "user_42",
        "given_name": "John",
        "family_name": "Doe",
        "nationalities": ["US"],
    }


def test_the_rfcs_example_is_whole_with_all_disclosures() -> None:
    claims = reveal(_payload(), [*(text for *_, text, _ in EXAMPLE), *NATIONALITIES])

    assert claims["nationalities"] == ["US", "DE"]
    assert {n: v for n, v in claims.items() if n not in {"iss", "sub", "nationalities"}} == {
        name: value for _, name, value, _, _ in EXAMPLE
    }


def test_the_rfcs_address_is_disclosed_whole_in_part_or_not() -> None:
    payload = {"_sd": [ADDRESS_DIGEST], "_sd_alg": "sha-256"}

    assert reveal(payload, []) == {}
    assert reveal(payload, [ADDRESS]) == {"address": {}}
    assert reveal(payload, [PARTS["region"], ADDRESS]) == {"address": {"region": "Sachsen-Anhalt"}}
    assert reveal(payload, [*PARTS.values(), ADDRESS]) == {
        "address": {
            "street_address": "Schulstr. 12",
            "locality": "Schulpforta",
            "region": "Sachsen-Anhalt",
            "country": "DE",
        }
    }
    with pytest.raises(VerificationError, match="does not hold"):
        reveal(payload, [PARTS["region"]])


def _text_claims(text: str) -> dict[str, str]:
    """Return the disclosable claims whose value is a text, of a file in the examples' YAML."""
    found = re.findall(r"!sd ([a-z_]+): (?:\"([^\"\n]*)\"|'([^'\n]*)'|([^\s\"'{\[].*))\n", text)
    texts = {name: a or b or c for name, a, b, c in found}
    return {n: v for n, v in texts.items() if not re.fullmatch(r"true|false|\d+", v)}

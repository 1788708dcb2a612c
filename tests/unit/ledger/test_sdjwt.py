"""Issuing SD-JWTs; RFC 9901's own values are in tests/vectors."""

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest

from ledger.errors import MalformedError, VerificationError
from ledger.key import KeyType, SigningKey
from ledger.sdjwt import (
    SdJwt,
    disclosure,
    disclosure_digest,
    from_base64url,
    issue,
    own_claims,
    to_base64url,
)
from tests.support.signers import entry_key

KEY = entry_key("uwv")
CLAIMS = {"theme": "debts", "regulation": "WW"}
ALWAYS = {"iss": "uwv"}


def _random() -> Iterator[int]:
    yield from range(256)


def _issue(
    claims: dict[str, str] = CLAIMS, always: dict[str, str] = ALWAYS, total: int = 5
) -> SdJwt:
    drawn = _random()
    return issue(
        claims,
        always=always,
        key=KEY,
        total_digests=total,
        random=lambda size: bytes([next(drawn)]) * size,
    )


def _parts(sdjwt: SdJwt) -> tuple[dict[str, object], dict[str, object]]:
    header, payload, _ = sdjwt.jwt.split(".")
    return json.loads(from_base64url(header)), json.loads(from_base64url(payload))


def _signed(payload: object) -> str:
    header = to_base64url(b'{"alg":"EdDSA"}')
    signed = f"{header}.{to_base64url(json.dumps(payload).encode())}"
    return f"{signed}.{to_base64url(KEY.sign_bytes(signed.encode()))}"


def test_the_jwt_says_how_it_is_signed_and_shows_no_claim() -> None:
    header, payload = _parts(_issue())

    assert header == {"alg": "EdDSA", "kid": KEY.name, "typ": "dc+sd-jwt"}
    assert set(payload) == {"iss", "_sd", "_sd_alg"}
    assert (payload["iss"], payload["_sd_alg"]) == ("uwv", "sha-256")


@pytest.mark.parametrize("claims", [{}, {"theme": "debts"}, CLAIMS])
def test_the_number_of_claims_does_not_show(claims: dict[str, str]) -> None:
    issued = _issue(claims)
    _, payload = _parts(issued)
    digests = payload["_sd"]

    assert isinstance(digests, list)
    assert len(set(digests)) == 5
    assert {len(digest) for digest in digests} == {43}
    assert {disclosure_digest(text) for text in issued.disclosures} <= set(digests)


def test_the_order_of_digests_does_not_tell_claims_from_decoys() -> None:
    _, payload = _parts(_issue())

    assert payload["_sd"] == sorted(payload["_sd"])  # type: ignore[call-overload]


def test_every_claim_has_its_own_salt_of_128_bits() -> None:
    salts = [json.loads(from_base64url(text))[0] for text in _issue().disclosures]

    assert len(set(salts)) == 2
    assert {len(from_base64url(salt)) for salt in salts} == {16}


def test_an_agency_reads_back_what_it_issued() -> None:
    kept = SdJwt.decode(_issue().encode())

    assert own_claims(kept, key=KEY.verifier) == {**CLAIMS, **ALWAYS}


def test_what_is_not_kept_is_not_read_back() -> None:
    issued = _issue()

    assert own_claims(replace(issued, disclosures=()), key=KEY.verifier) == ALWAYS


@pytest.mark.parametrize("name", ["_sd", "...", "_sd_alg"])
def test_a_reserved_name_is_no_claim(name: str) -> None:
    with pytest.raises(MalformedError, match="reserved"):
        _issue({name: "x"})
    with pytest.raises(MalformedError, match="reserved"):
        _issue(CLAIMS, {name: "x"})


def test_one_name_is_not_both_hidden_and_shown() -> None:
    with pytest.raises(MalformedError, match="used twice"):
        _issue({"iss": "svb"})


def test_more_claims_than_digests_are_refused() -> None:
    with pytest.raises(MalformedError, match="over 1 claims"):
        _issue(total=1)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "~",
        "a.b.c",
        "a.b.c~d",
        "a.b~",
        "a.b.c.d~",
        "a.b.c~~",
        "a.b.c~d~~",
        "a.b.c~~d~",
        "~a.b.c~",
    ],
)
def test_what_is_no_compact_form_is_refused(text: str) -> None:
    with pytest.raises(MalformedError, match="expected <JWT>"):
        SdJwt.decode(text)


def test_another_agencys_sdjwt_is_not_read_as_ones_own() -> None:
    with pytest.raises(VerificationError, match="does not verify"):
        own_claims(_issue(), key=entry_key("svb").verifier)


def _forged(name: str) -> str:
    return disclosure(salt=bytes(16), name=name, value="x")


@pytest.mark.parametrize(
    "added",
    [
        pytest.param(_forged("theme"), id="never digested"),
        pytest.param(_issue().disclosures[0], id="there already"),
        pytest.param("", id="empty"),
        pytest.param("é", id="not ASCII"),
        pytest.param(to_base64url(b"[" * 100_000), id="nested beyond reading"),
    ],
)
def test_a_disclosure_that_the_jwt_does_not_hold_is_refused(added: str) -> None:
    issued = _issue()

    with pytest.raises((VerificationError, MalformedError)):
        own_claims(replace(issued, disclosures=(*issued.disclosures, added)), key=KEY.verifier)


_BARE = to_base64url(b'"claim"')


@pytest.mark.parametrize(
    ("payload", "disclosures"),
    [
        pytest.param({}, (), id="no digests"),
        pytest.param({"_sd": []}, (), id="no algorithm"),
        pytest.param({"_sd": [[]], "_sd_alg": "sha-256"}, (), id="a digest that is a list"),
        pytest.param([], (), id="a list"),
        pytest.param(5, (), id="a number"),
        pytest.param(None, (), id="nothing"),
        pytest.param(
            {"_sd": [disclosure_digest(_BARE)], "_sd_alg": "sha-256"}, (_BARE,), id="no triple"
        ),
    ],
)
def test_a_jwt_of_another_shape_is_not_one_of_ours(
    payload: object, disclosures: tuple[str, ...]
) -> None:
    with pytest.raises(MalformedError, match="not one of ours"):
        own_claims(SdJwt(_signed(payload), disclosures), key=KEY.verifier)


@pytest.mark.parametrize("text", ["QQ==", "QR", "Q", "Q+", "Q/", "Q Q", "QQ\n", "é"])
def test_base64url_in_another_spelling_is_refused(text: str) -> None:
    with pytest.raises(MalformedError, match="base64url"):
        from_base64url(text)


def test_no_representation_shows_a_claim() -> None:
    assert repr(_issue()) == "SdJwt()"


def test_an_sdjwt_key_is_an_ed25519_key_of_its_own() -> None:
    key = SigningKey(KEY.name + "/sd-jwt", KeyType.ED25519, b"\x05" * 32)
    issued = issue(CLAIMS, always=ALWAYS, key=key, total_digests=2, random=bytes)

    assert own_claims(issued, key=key.verifier) == {**CLAIMS, **ALWAYS}

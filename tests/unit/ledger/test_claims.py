"""Reading SD-JWTs of others: one refusal for each way in which they can lie."""

import json
from typing import Any

import pytest

from ledger.claims import TYPE, reveal, verify_sdjwt
from ledger.errors import LedgerError, MalformedError, VerificationError
from ledger.key import KeyType, SigningKey
from ledger.sdjwt import SdJwt, disclosure, disclosure_digest, issue, to_base64url

KEY = SigningKey("o/uwv/sd-jwt", KeyType.ED25519, b"\x05" * 32)
NOW = 1_796_126_400
TIMES = {"iat": NOW - 100, "exp": NOW + 100}
HEADER = {"alg": "EdDSA", "kid": KEY.name, "typ": TYPE}
SHA256 = {"_sd_alg": "sha-256"}


def base64url(value: object) -> str:
    return to_base64url(json.dumps(value).encode())


def hidden(*contents: object) -> str:
    """Return a disclosure of any contents."""
    return base64url(list(contents))


def signed(payload: object, *disclosures: str, header: object = HEADER) -> SdJwt:
    text = f"{base64url(header)}.{base64url(payload)}"
    return SdJwt(f"{text}.{to_base64url(KEY.sign_bytes(text.encode()))}", disclosures)


def of(*disclosures: str, **more: Any) -> dict[str, Any]:
    """Return a payload that holds the digests of `disclosures`."""
    return SHA256 | {"_sd": [disclosure_digest(text) for text in disclosures]} | more


def read(sdjwt: SdJwt, now: int = NOW) -> dict[str, Any]:
    return verify_sdjwt(sdjwt, key=KEY.verifier, now=now)


NAME = hidden("salt", "name", "Ann")
CITY = hidden("salt", "city", "Ede")


@pytest.mark.parametrize("alg", ["EdDSA", "Ed25519"])
def test_claims_shown_always_and_now_are_read(alg: str) -> None:
    sdjwt = signed(of(NAME, CITY, **TIMES, iss="uwv"), NAME, header=HEADER | {"alg": alg})

    assert read(sdjwt) == {"iss": "uwv", "name": "Ann", **TIMES}


def test_what_is_issued_here_is_read_with_its_decoys() -> None:
    drawn = iter(range(256))
    issued = issue(
        {"theme": "zorg", "period": "kort"},
        always={"iss": "uwv", **TIMES},
        key=KEY,
        total_digests=9,
        random=lambda size: bytes([next(drawn)]) * size,
    )

    assert read(issued.only({"theme"})) == {"iss": "uwv", "theme": "zorg", **TIMES}


@pytest.mark.parametrize(
    "header",
    [
        HEADER | {"alg": "none"},
        HEADER | {"alg": "HS256"},
        HEADER | {"alg": "ES256"},
        HEADER | {"alg": "eddsa"},
        HEADER | {"alg": None},
        HEADER | {"typ": "JWT"},
        HEADER | {"typ": "kb+jwt"},
        HEADER | {"kid": "o/svb/sd-jwt"},
        HEADER | {"crit": ["exp"]},
        HEADER | {"jwk": {}},
        {"alg": "EdDSA", "typ": TYPE},
        {"kid": KEY.name, "typ": TYPE},
        {},
    ],
    ids=str,
)
def test_header_that_says_anything_else_is_refused(header: object) -> None:
    with pytest.raises(VerificationError):
        read(signed(of(**TIMES), header=header))


@pytest.mark.parametrize(
    "times",
    [
        {},
        {"iat": NOW},
        {"exp": NOW},
        {"exp": NOW - 1},
        {"exp": str(NOW + 9)},
        {"exp": float(NOW + 9)},
        {"exp": True},
        {"exp": None},
        TIMES | {"nbf": NOW + 1},
        TIMES | {"nbf": "0"},
        TIMES | {"iat": NOW + 1},
        TIMES | {"aud": "somebody else"},
        TIMES | {"cnf": {}},
    ],
    ids=str,
)
def test_token_that_is_expired_or_not_for_this_is_refused(times: dict[str, Any]) -> None:
    with pytest.raises(VerificationError):
        read(signed(of(**times)))


@pytest.mark.parametrize("name", ["exp", "nbf", "iat", "iss", "aud", "cnf", "vct"])
def test_what_decides_whether_it_is_valid_is_never_hidden(name: str) -> None:
    lie = hidden("salt", name, NOW + 9)

    with pytest.raises(VerificationError, match="may not be hidden"):
        read(signed(of(lie), lie))


def test_another_keys_signature_is_refused() -> None:
    other = SigningKey(KEY.name, KeyType.ED25519, b"\x06" * 32)

    with pytest.raises(VerificationError, match="does not verify"):
        verify_sdjwt(signed(of(**TIMES)), key=other.verifier, now=NOW)


FORGED = {
    "another salt": hidden("pepper", "name", "Ann"),
    "another name": hidden("salt", "nmae", "Ann"),
    "another value": hidden("salt", "name", "Bea"),
    "another spelling": to_base64url(b'["salt","name","Ann"]'),
    "another type": hidden("salt", "name", ["Ann"]),
    "never digested": hidden("salt", "more", "x"),
}


@pytest.mark.parametrize("text", FORGED.values(), ids=FORGED)
def test_disclosure_that_is_not_the_digested_one_is_refused(text: str) -> None:
    with pytest.raises(VerificationError, match="does not hold"):
        read(signed(of(NAME, CITY, **TIMES), text))


IN_LIST = hidden("salt", "NL")
NESTED = hidden("salt", "address", of(CITY) | {"_sd_alg": "sha-256"})
SHAPES: dict[str, tuple[dict[str, Any], list[str]]] = {
    "a disclosure twice": (of(NAME), [NAME, NAME]),
    "a digest twice": (of(NAME, NAME), [NAME]),
    "a digest twice that is not shown": (of(NAME, NAME), []),
    "a digest twice, deeper": (of(NAME, deep=[{"_sd": [disclosure_digest(NAME)]}]), [NAME]),
    "a digest in object and list": (of(NAME, list=[{"...": disclosure_digest(NAME)}]), [NAME]),
    "a claim that is there already": (of(NAME, name="Bea"), [NAME]),
    "a claim disclosed twice": (
        of(NAME, hidden("s", "name", "Bea")),
        [NAME, hidden("s", "name", "Bea")],
    ),
    "an element where a member belongs": (of(IN_LIST), [IN_LIST]),
    "a member where an element belongs": (
        SHA256 | {"l": [{"...": disclosure_digest(NAME)}]},
        [NAME],
    ),
    "an element that hides two": (
        SHA256 | {"l": [{"...": disclosure_digest(IN_LIST), "a": 1}]},
        [IN_LIST],
    ),
    "an element that hides a number": (SHA256 | {"l": [{"...": 5}]}, []),
    "dots outside a list": (SHA256 | {"o": {"...": disclosure_digest(IN_LIST)}}, [IN_LIST]),
    "dots at the top": (SHA256 | {"...": "x"}, []),
    "an algorithm below the top": (of(NESTED), [NESTED]),
    "_sd that is no list": (SHA256 | {"_sd": disclosure_digest(NAME)}, []),
    "_sd of numbers": (SHA256 | {"_sd": [5]}, []),
    "no algorithm": ({"_sd": [disclosure_digest(NAME)]}, [NAME]),
    "an unknown algorithm": (of(NAME) | {"_sd_alg": "sha-512"}, [NAME]),
    "an algorithm in capitals": (of(NAME) | {"_sd_alg": "SHA-256"}, [NAME]),
    "four parts": (of(hidden("s", "a", 1, 2)), [hidden("s", "a", 1, 2)]),
    "one part": (of(hidden("s")), [hidden("s")]),
    "no list": (of(base64url({"s": 1})), [base64url({"s": 1})]),
    "a salt that is a number": (of(hidden(1, "a", 1)), [hidden(1, "a", 1)]),
    "a name that is a number": (of(hidden("s", 1, 1)), [hidden("s", 1, 1)]),
    "nested beyond sense": (SHA256 | {"l": json.loads("[" * 20 + "]" * 20)}, []),
} | {
    f"the name {name}": (of(hidden("s", name, "x")), [hidden("s", name, "x")])
    for name in ("_sd", "...", "_sd_alg")
}


@pytest.mark.parametrize(("payload", "disclosures"), SHAPES.values(), ids=SHAPES)
def test_each_way_of_lying_with_shapes_is_refused(
    payload: dict[str, Any], disclosures: list[str]
) -> None:
    with pytest.raises(VerificationError):
        reveal(payload, disclosures)


SPELLINGS = {
    "padded": NAME + "==",
    "loose bits": NAME[:-1] + ("B" if NAME[-1] == "A" else "A"),
    "empty": "",
    "not ASCII": "é",
    "not base64url": "a+b/",
    "no JSON": to_base64url(b"[salt"),
    "not UTF-8": to_base64url(b'["\xff","a",1]'),
    "a name twice inside": to_base64url(b'["s","a",{"b":1,"b":2}]'),
    "a constant of JavaScript": to_base64url(b'["s","a",NaN]'),
    "nested beyond reading": to_base64url(b"[" * 100_000),
}


@pytest.mark.parametrize("text", SPELLINGS.values(), ids=SPELLINGS)
def test_what_is_no_base64url_of_json_is_refused(text: str) -> None:
    payload = SHA256 | {"_sd": [disclosure_digest(text)] if text.isascii() else []}

    with pytest.raises(LedgerError):
        reveal(payload, [text])


@pytest.mark.parametrize(
    "payload", [b"[]", b"5", b'{"a":1,"a":2}', b'{"a":Infinity}', b"\xff", b""], ids=str
)
def test_payload_that_is_no_object_is_refused(payload: bytes) -> None:
    text = f"{base64url(HEADER)}.{to_base64url(payload)}"
    sdjwt = SdJwt(f"{text}.{to_base64url(KEY.sign_bytes(text.encode()))}", ())

    with pytest.raises(MalformedError):
        read(sdjwt)


def test_what_is_hidden_may_hide_more() -> None:
    country = hidden("s", "country", "NL")
    address = hidden("s", "address", {"_sd": [disclosure_digest(country)], "city": "Ede"})

    assert reveal(of(address), [address]) == {"address": {"city": "Ede"}}
    assert reveal(of(address), [country, address]) == {"address": {"city": "Ede", "country": "NL"}}
    with pytest.raises(VerificationError, match="does not hold"):
        reveal(of(address), [country])


def test_elements_that_are_not_shown_leave_no_gap() -> None:
    shown, kept = hidden("s", "NL"), hidden("t", "BE")
    payload = SHA256 | {
        "lived": ["FR", *({"...": disclosure_digest(text)} for text in (kept, shown))]
    }

    assert reveal(payload, [shown]) == {"lived": ["FR", "NL"]}
    assert reveal(payload, []) == {"lived": ["FR"]}


def test_an_object_of_which_nothing_is_shown_stays_as_empty() -> None:
    assert reveal(SHA256 | {"o": {"_sd": [disclosure_digest(NAME)]}}, []) == {"o": {}}


def test_no_error_repeats_what_was_disclosed() -> None:
    secret = disclosure(salt=bytes(16), name="bsn", value="999900006")

    for payload in (of(), of(secret, secret), of(secret, bsn="1"), {"_sd_alg": "x"}):
        with pytest.raises(VerificationError) as refused:
            reveal(payload, [secret])
        assert "999900006" not in str(refused.value)
        assert "bsn" not in str(refused.value)

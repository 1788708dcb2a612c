"""Reading SD-JWTs that others issued: every check of RFC 9901, 7.1, and none left to the caller.

    payload       {"_sd":[digest, …], "_sd_alg":"sha-256", … claims, objects and lists of the same}
    disclosure    of a member of an object     ["<salt>","<name>",<value>]       (4.2.1)
                  of an element of a list      ["<salt>",<value>]                (4.2.2)
    list element  {"...":"<digest>"}           stands for one that can be disclosed

What a digest hides may hold digests itself. A digest without a disclosure is a decoy, or not shown.
Stricter than the RFC where it leaves room: `_sd_alg` must be there, names inside JSON stand once,
reserved names stand nowhere but in their places, and a key binding is refused: we ask for none.
"""

import json
from collections.abc import Sequence
from typing import Any

from ledger.errors import MalformedError, VerificationError
from ledger.key import VerifierKey, verify_ed25519
from ledger.sdjwt import RESERVED, SdJwt, disclosure_digest, from_base64url

ALGORITHMS = frozenset({"EdDSA", "Ed25519"})
"""Two names of one algorithm: RFC 8037's, and RFC 9864's."""
TYPE = "dc+sd-jwt"
_MAX_DEPTH = 16
_NEVER_HIDDEN = frozenset({"iss", "aud", "exp", "nbf", "iat", "cnf", "vct"})


def verify_sdjwt(sdjwt: SdJwt, *, key: VerifierKey, now: int) -> dict[str, Any]:
    """Return the claims of an SD-JWT that `key` signed: those always shown, and the disclosed.

    `now` is in seconds since 1970.

    Raises:
        MalformedError: not base64url, or not JSON.
        VerificationError: another key's or algorithm's, expired, or a disclosure that lies.
    """
    signed, _, signature = sdjwt.jwt.rpartition(".")
    first, _, second = signed.partition(".")
    header = read_object(from_base64url(first))
    if header.get("alg") not in ALGORITHMS or header.get("typ") != TYPE:
        raise VerificationError(f"SD-JWT: expected a {TYPE} signed with Ed25519")
    # Also `crit`: what we do not know may not be passed over.
    if set(header) != {"alg", "kid", "typ"} or header["kid"] != key.name:
        raise VerificationError("SD-JWT: the header names another key, or something unknown")
    verify_ed25519(public=key.public, message=signed.encode(), signature=from_base64url(signature))
    payload = read_object(from_base64url(second))
    claims = reveal(payload, sdjwt.disclosures)
    _verify_times(payload, now=now)
    return claims


def reveal(payload: dict[str, Any], disclosures: Sequence[str]) -> dict[str, Any]:
    """Return `payload` with what `disclosures` say in the places of their digests (7.1, step 3).

    Whose the payload is was checked before.

    Raises:
        MalformedError: a disclosure is not base64url of JSON.
        VerificationError: a digest twice, a disclosure that no digest asks for or of another
            shape, a name that is reserved or there already, or another hash.
    """
    if payload.get("_sd_alg") != "sha-256":
        raise VerificationError("SD-JWT: digests must be of sha-256")
    hidden = {disclosure_digest(text): text for text in disclosures}
    if len(hidden) != len(disclosures):
        raise VerificationError("SD-JWT: a disclosure is there twice")
    revealing = _Revealing(hidden)
    claims = revealing.members({n: v for n, v in payload.items() if n != "_sd_alg"}, depth=0)
    # Found last: a disclosure may be asked for by another.
    if set(hidden) - revealing.met:
        raise VerificationError("SD-JWT: a disclosure that it does not hold")
    return claims


def read_object(raw: bytes) -> dict[str, Any]:
    """Return a JSON object in which no name stands twice.

    Raises:
        MalformedError: anything else.
    """
    value = _read_json(raw)
    if not isinstance(value, dict):
        raise MalformedError("SD-JWT: expected a JSON object")
    return value


class _Revealing:
    """One go through a payload: digests met so far, each of which may stand in one place only."""

    def __init__(self, hidden: dict[str, str]) -> None:
        self._hidden = hidden
        self.met: set[str] = set()

    def members(self, stated: dict[str, Any], *, depth: int) -> dict[str, Any]:
        if depth > _MAX_DEPTH:
            raise VerificationError("SD-JWT: nested too deeply")
        if set(stated) & (RESERVED - {"_sd"}):
            raise VerificationError("SD-JWT: a reserved name stands where it may not")
        digests = stated.get("_sd", [])
        if not isinstance(digests, list) or not all(isinstance(d, str) for d in digests):
            raise VerificationError("SD-JWT: _sd must be a list of digests")
        shown = {n: self._value(v, depth=depth) for n, v in stated.items() if n != "_sd"}
        for digest in digests:
            found = self._look_up(digest, size=3)
            if found is None:
                continue
            _, name, value = found
            if not isinstance(name, str) or name in RESERVED:
                raise VerificationError("SD-JWT: a disclosure of a reserved name, or of none")
            if depth == 0 and name in _NEVER_HIDDEN:
                raise VerificationError("SD-JWT: what decides its validity may not be hidden")
            if name in shown:
                raise VerificationError("SD-JWT: a claim is there twice")
            shown[name] = self._value(value, depth=depth)
        return shown

    def _value(self, value: Any, *, depth: int) -> Any:  # noqa: ANN401  (JSON)
        if isinstance(value, dict):
            return self.members(value, depth=depth + 1)
        if isinstance(value, list):
            return self._elements(value, depth=depth + 1)
        return value

    def _elements(self, stated: list[Any], *, depth: int) -> list[Any]:
        if depth > _MAX_DEPTH:
            raise VerificationError("SD-JWT: nested too deeply")
        shown = []
        for element in stated:
            if not isinstance(element, dict) or "..." not in element:
                shown.append(self._value(element, depth=depth))
                continue
            digest = element["..."]
            if len(element) != 1 or not isinstance(digest, str):
                raise VerificationError("SD-JWT: an element that hides another has one digest")
            found = self._look_up(digest, size=2)
            if found is not None:
                shown.append(self._value(found[1], depth=depth))
        return shown

    def _look_up(self, digest: str, *, size: int) -> list[Any] | None:
        """Return the contents behind `digest`, or None where they are not shown."""
        if digest in self.met:
            raise VerificationError("SD-JWT: a digest stands in it twice")
        self.met.add(digest)
        text = self._hidden.get(digest)
        if text is None:
            return None
        found = _read_json(from_base64url(text))
        if not isinstance(found, list) or len(found) != size or not isinstance(found[0], str):
            raise VerificationError("SD-JWT: a disclosure of another shape than its place asks")
        return found


def _verify_times(payload: dict[str, Any], *, now: int) -> None:
    """Check `exp`, which must be there, and `nbf` and `iat`, which may (9.7)."""
    for name in ("exp", "nbf", "iat"):
        # bool is an int in Python, not in JSON.
        if name in payload and type(payload[name]) is not int:
            raise VerificationError(f"SD-JWT: {name} must be in whole seconds")
    if "exp" not in payload or now >= payload["exp"]:
        raise VerificationError("SD-JWT: expired, or without an end")
    if now < payload.get("nbf", now) or now < payload.get("iat", now):
        raise VerificationError("SD-JWT: not valid yet")
    if "aud" in payload or "cnf" in payload:
        raise VerificationError("SD-JWT: made for another use than ours")


def _read_json(raw: bytes) -> Any:  # noqa: ANN401  (JSON)
    try:
        return json.loads(raw.decode(), object_pairs_hook=_once, parse_constant=_refuse_constant)
    # Besides its own error, the reader lets through those of a number with thousands of digits
    # and of brackets nested thousands deep.
    except (ValueError, RecursionError) as cause:
        raise MalformedError("SD-JWT: not JSON, or a name stands twice") from cause


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice")
    return found


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")

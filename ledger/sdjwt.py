"""Issuing SD-JWTs (RFC 9901): claims that can be disclosed one by one, later.

    <JWT>~<disclosure 1>~…~<disclosure n>~          (4)

    JWT header    {"alg":"EdDSA","kid":…,"typ":"dc+sd-jwt"}
    JWT payload   {"_sd":[digests, sorted],"_sd_alg":"sha-256", … the claims always shown}
    disclosure    base64url of ["<salt>","<name>",<value>] as JSON                   (4.2.1)
    digest        base64url of SHA-256 over the disclosure's ASCII                   (4.2.3)

Decoy digests (4.2.5) fill `_sd` to a fixed count, so that the number of claims does not show. The
header says EdDSA and not RFC 9864's Ed25519, because older verifiers know only that.
"""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from ledger.encoding import sha256
from ledger.errors import MalformedError, VerificationError
from ledger.key import SigningKey, VerifierKey, verify_ed25519

SALT_BYTES = 16
RESERVED = frozenset({"_sd", "...", "_sd_alg"})
"""Names that no claim may have."""


@dataclass(frozen=True, slots=True)
class SdJwt:
    """A signed `jwt` and the `disclosures` of all its claims; what a vault keeps."""

    jwt: str = field(repr=False)
    disclosures: tuple[str, ...] = field(repr=False)

    def encode(self) -> str:
        """Return the compact form, with every disclosure."""
        return "~".join((self.jwt, *self.disclosures, ""))

    @classmethod
    def decode(cls, text: str) -> "SdJwt":
        """Split the compact form; nothing is verified.

        Raises:
            MalformedError: no tilde at the end, or no JWT before the first.
        """
        jwt, *disclosures = text.split("~")
        if jwt.count(".") != 2 or disclosures[-1:] != [""] or not all(disclosures[:-1]):
            raise MalformedError("SD-JWT: expected <JWT>~<disclosures>~")
        return cls(jwt, tuple(disclosures[:-1]))

    def only(self, names: Collection[str]) -> "SdJwt":
        """Return it with the disclosures of the claims `names`, as far as it has them.

        Raises:
            MalformedError: a disclosure is not one of ours.
        """
        kept = tuple(text for text in self.disclosures if read_disclosure(text).name in names)
        return SdJwt(self.jwt, kept)


class Disclosed(NamedTuple):
    """What one disclosure says: under a `salt` of 16 bytes, a claim's `name` and `value`."""

    salt: bytes
    name: str
    value: str


def issue(
    claims: Mapping[str, str],
    *,
    always: Mapping[str, str | int],
    key: SigningKey,
    total_digests: int,
    random: Callable[[int], bytes],
) -> SdJwt:
    """Sign an SD-JWT in which each of `claims` can be disclosed alone and `always` stands open.

    Raises:
        MalformedError: a reserved name, a name in both, or more claims than `total_digests`.
    """
    if RESERVED & (set(claims) | set(always)) or set(claims) & set(always):
        raise MalformedError("SD-JWT: a claim's name is reserved or used twice")
    if len(claims) > total_digests:
        raise MalformedError(f"SD-JWT: over {total_digests} claims")
    disclosures = tuple(
        disclosure(salt=random(SALT_BYTES), name=name, value=value)
        for name, value in claims.items()
    )
    decoys = [to_base64url(sha256(random(32))) for _ in range(total_digests - len(claims))]
    digests = sorted([*(disclosure_digest(d) for d in disclosures), *decoys])
    header = {"alg": "EdDSA", "kid": key.name, "typ": "dc+sd-jwt"}
    payload = {**always, "_sd": digests, "_sd_alg": "sha-256"}
    signed = f"{_json64(header)}.{_json64(payload)}"
    return SdJwt(f"{signed}.{to_base64url(key.sign_bytes(signed.encode()))}", disclosures)


def disclosure(*, salt: bytes, name: str, value: str) -> str:
    """Return the disclosure of one claim (4.2.1)."""
    return _json64([to_base64url(salt), name, value])


def read_disclosure(text: str) -> Disclosed:
    """Read the disclosure of one claim; the exact inverse of `disclosure`.

    Raises:
        MalformedError: not what `disclosure` returns for a salt of 16 bytes.
    """
    try:
        salt, name, value = json.loads(from_base64url(text))
        found = Disclosed(from_base64url(salt), name, value)
        is_canonical = disclosure(salt=found.salt, name=name, value=value) == text
    except (ValueError, TypeError, AttributeError, RecursionError) as cause:
        raise MalformedError("SD-JWT: not a disclosure of ours") from cause
    if not is_canonical or len(found.salt) != SALT_BYTES:
        raise MalformedError("SD-JWT: a disclosure is not canonical")
    if not isinstance(name, str) or not isinstance(value, str):
        raise MalformedError("SD-JWT: name and value of a claim are texts")
    return found


def disclosure_digest(text: str) -> str:
    """Return what `_sd` holds for a disclosure (4.2.3).

    Raises:
        MalformedError: not ASCII.
    """
    if not text.isascii():
        raise MalformedError("SD-JWT: a disclosure is ASCII")
    return to_base64url(sha256(text.encode()))


def own_claims(sdjwt: SdJwt, *, key: VerifierKey) -> dict[str, str]:
    """Return the claims, as far as they are texts, of an SD-JWT that this agency issued and kept.

    Not for anything received: that needs all the refusals of RFC 9901, 7.1.

    Raises:
        MalformedError: not a whole SD-JWT.
        VerificationError: another key's, or a disclosure that it does not hold.
    """
    header, payload, signature = sdjwt.jwt.split(".")
    verify_ed25519(
        public=key.public,
        message=f"{header}.{payload}".encode(),
        signature=from_base64url(signature),
    )
    try:
        stated = json.loads(from_base64url(payload))
        digests = set(stated.pop("_sd"))
        del stated["_sd_alg"]
        for text in sdjwt.disclosures:
            # Before it is read: what hashes to nothing that was signed may be anything.
            if disclosure_digest(text) not in digests:
                raise VerificationError("SD-JWT: a disclosure that it does not hold")
            _, name, value = json.loads(from_base64url(text))
            if name in stated:
                raise VerificationError("SD-JWT: a claim is there twice")
            stated[name] = value
    except (ValueError, KeyError, TypeError, AttributeError) as cause:
        raise MalformedError("SD-JWT: not one of ours") from cause
    return {name: value for name, value in stated.items() if isinstance(value, str)}


def to_base64url(raw: bytes) -> str:
    """Return base64url without padding (RFC 7515, 2)."""
    return urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


def from_base64url(text: str) -> bytes:
    """Read canonical base64url without padding.

    Raises:
        MalformedError: anything else.
    """
    try:
        raw = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError as cause:
        raise MalformedError("base64url: not decodable") from cause
    if to_base64url(raw) != text:
        raise MalformedError("base64url: not canonical")
    return raw


def _json64(value: object) -> str:
    return to_base64url(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())

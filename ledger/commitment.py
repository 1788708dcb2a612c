"""Commitments: what a block permanently holds of a body (Pedersen, on ristretto255).

    C   = H_s·G + r·H
    H_s = SHA-512(enc(label, origin, kind, author, date, item digests…)) reduced modulo L
    H   = the point that SHA-512("signaalketen/commitment/v1/H") maps to; nobody knows log_G(H)

With r uniform, C hides the digests perfectly and for ever from whoever was not shown its opening.
It binds as long as discrete logarithms are hard: with a large quantum computer one could open C to
another body, so evidence that must bind for longer rests on the signature over the block.
"""

import hashlib
from collections.abc import Sequence

from ledger.encoding import Digest, enc
from ledger.errors import MalformedError, VerificationError
from ledger.group import Point, Scalar, generator_times, hash_to_point

_LABEL = "signaalketen/commitment/v1"
_H = hash_to_point(hashlib.sha512(f"{_LABEL}/H".encode()).digest())


def commit(
    *, origin: str, kind: str, author: str, date: str, digests: Sequence[Digest], r: Scalar
) -> Point:
    """Return C for a body whose items have `digests`, in order.

    Raises:
        MalformedError: with negligible probability, C or H_s is zero; draw another r.
    """
    stated = Scalar.reduce(
        hashlib.sha512(enc(_LABEL, origin, kind, author, date, *digests)).digest()
    )
    return generator_times(stated) + _H.times(r)


def verify_commitment(
    commitment: bytes,
    *,
    origin: str,
    kind: str,
    author: str,
    date: str,
    digests: Sequence[Digest],
    r: Scalar,
) -> None:
    """Check that `digests` and `r` open `commitment`.

    Raises:
        VerificationError: they do not.
    """
    try:
        opened = commit(origin=origin, kind=kind, author=author, date=date, digests=digests, r=r)
    except MalformedError as cause:
        raise VerificationError("the items do not open the commitment") from cause
    if opened.raw != commitment:
        raise VerificationError("the items do not open the commitment")

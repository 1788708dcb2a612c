"""What members send each other is sealed on the way: TLS may end at a proxy.

A frame is enc(day, sealed text); the sealed text is enc(field, field, …) under the sender's name,
the operation and the day, so that it opens for nothing else.
"""

import secrets
from collections.abc import Sequence

from ledger.encoding import enc, split_enc
from ledger.errors import MalformedError
from ledger.seal import SealContext, SealingKey, SealingPublicKey, open_sealed, seal


def seal_fields(
    fields: Sequence[bytes],
    *,
    to: SealingPublicKey,
    origin: str,
    operation: str,
    sender: str,
    day: str,
) -> bytes:
    """Return `fields` sealed to the holder of the key `to`."""
    context = SealContext(origin=origin, kind=operation, author=sender, date=day)
    sealed = seal(enc(*fields), recipients=[to], context=context, random=secrets.token_bytes)
    return enc(day, sealed)


def open_fields(
    raw: bytes, *, key: SealingKey, origin: str, operation: str, sender: str
) -> list[bytes]:
    """Return the fields in a frame by `sender`.

    Raises:
        MalformedError: not such a frame.
        VerificationError: altered, for another key, or of another operation or sender.
    """
    parts = split_enc(raw)
    if len(parts) != 2:
        raise MalformedError(f"{operation}: expected a day and a sealed text")
    context = SealContext(
        origin=origin, kind=operation, author=sender, date=parts[0].decode(errors="replace")
    )
    return split_enc(open_sealed(parts[1], key=key, context=context))

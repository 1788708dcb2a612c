"""Sealing: one ciphertext for one or more recipients, none of whom can be given another text.

    u8 version ‖ u8 number of recipients ‖ message id (16 bytes, random)
    and for each recipient:   key id (8) ‖ HPKE of the key (1,136 + 32 bytes)
    key commitment (32) ‖ nonce (24) ‖ XChaCha20-Poly1305(padded text)

The text is padded with 0x80 and zeros to a multiple of 256 bytes, or of 4,096 beyond that. HPKE is
RFC 9180 in base mode with KEM MLKEM768_X25519 (post-quantum and classical at once), HKDF-SHA256 and
ChaCha20-Poly1305; `info` is enc(origin, kind, author, date, message id, recipient's key id). The
commitment SHA-256(enc(label, key)) is checked on opening: the cipher alone would let a sender make
one ciphertext that opens differently under two keys.

In version 2 the whole has the size that its use prescribes, and random bytes stand where the key
ids would: whoever knows all public keys cannot tell for whom it is, and a recipient tries each.

All random bytes come from `random`, but for the KEM's own, which the library draws itself.
"""

import hashlib
import hmac
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey, MLKEM768PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import (
    AEAD,
    KDF,
    KEM,
    MLKEM768X25519PrivateKey,
    MLKEM768X25519PublicKey,
    Suite,
)
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from nacl.bindings import (
    crypto_aead_xchacha20poly1305_ietf_decrypt,
    crypto_aead_xchacha20poly1305_ietf_encrypt,
)
from nacl.exceptions import CryptoError

from ledger.encoding import Digest, enc, sha256
from ledger.errors import MalformedError, VerificationError

PUBLIC_BYTES = 1184 + 32
SEED_BYTES = 32
MAX_RECIPIENTS = 16
_VERSION, _HIDDEN = 1, 2
_VERSIONS = frozenset({_VERSION, _HIDDEN})
_ID_BYTES = 16
_KEY_ID_BYTES = 8
_WRAPPED_BYTES = 1136 + 32
_NONCE_BYTES = 24
_TAG_BYTES = 16
_FINE, _COARSE = 256, 4096
_COMMITMENT = "signaalketen/seal-key/v1"
_PROBE = X25519PrivateKey.from_private_bytes(bytes(32))
_SUITE = Suite(KEM.MLKEM768_X25519, KDF.HKDF_SHA256, AEAD.CHACHA20_POLY1305)


@dataclass(frozen=True, slots=True)
class SealContext:
    """What a sealed text belongs to; it opens under no other."""

    origin: str
    kind: str
    author: str
    date: str

    def bind(self, message_id: bytes, key_id: bytes) -> bytes:
        """Return HPKE's `info`."""
        return enc(self.origin, self.kind, self.author, self.date, message_id, key_id)


@dataclass(frozen=True, slots=True)
class SealingPublicKey:
    """A recipient: ML-KEM-768 encapsulation key (1,184 bytes) ‖ X25519 public key (32)."""

    raw: bytes
    _key: MLKEM768X25519PublicKey = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Refuse what is not such a key."""
        if len(self.raw) != PUBLIC_BYTES:
            raise MalformedError(f"a sealing key has {PUBLIC_BYTES} bytes")
        try:
            key = MLKEM768X25519PublicKey(
                MLKEM768PublicKey.from_public_bytes(self.raw[:1184]),
                X25519PublicKey.from_public_bytes(self.raw[1184:]),
            )
            # A point of small order fails on use only: a member that publishes one would stop
            # whoever wants to send it something.
            _PROBE.exchange(X25519PublicKey.from_public_bytes(self.raw[1184:]))
        except ValueError as cause:
            raise MalformedError("not a sealing key") from cause
        object.__setattr__(self, "_key", key)

    @property
    def hash(self) -> Digest:
        """Return what the member's card on the chain says of this key."""
        return sha256(self.raw)

    @property
    def id(self) -> bytes:
        """Return 8 bytes that tell recipients apart."""
        return self.hash[:_KEY_ID_BYTES]

    def wrap(self, key: bytes, binding: bytes) -> bytes:
        """Return `key` under this key, 1,168 bytes."""
        return _SUITE.encrypt(key, self._key, binding)


@dataclass(frozen=True, slots=True)
class SealingKey:
    """A recipient's private key, kept as its 32-byte `seed`; SHAKE256 expands it to both parts."""

    seed: bytes = field(repr=False)
    public: SealingPublicKey = field(init=False)
    _key: MLKEM768X25519PrivateKey = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Expand the seed: 64 bytes for ML-KEM-768, 32 for X25519."""
        if len(self.seed) != SEED_BYTES:
            raise MalformedError(f"a sealing seed has {SEED_BYTES} bytes")
        expanded = hashlib.shake_256(self.seed).digest(96)
        pq = MLKEM768PrivateKey.from_seed_bytes(expanded[:64])
        classical = X25519PrivateKey.from_private_bytes(expanded[64:])
        raw = pq.public_key().public_bytes_raw() + classical.public_key().public_bytes(
            Encoding.Raw, PublicFormat.Raw
        )
        object.__setattr__(self, "_key", MLKEM768X25519PrivateKey(pq, classical))
        object.__setattr__(self, "public", SealingPublicKey(raw))

    def unwrap(self, wrapped: bytes, binding: bytes) -> bytes:
        """Return the key in `wrapped`.

        Raises:
            VerificationError: it was wrapped for another key, or bound to something else.
        """
        try:
            return _SUITE.decrypt(wrapped, self._key, binding)
        except (InvalidTag, ValueError) as cause:
            raise VerificationError("sealed for another key, or for something else") from cause


def seal(
    text: bytes,
    *,
    recipients: Sequence[SealingPublicKey],
    context: SealContext,
    random: Callable[[int], bytes],
    size: int | None = None,
) -> bytes:
    """Return `text` sealed so that each of 1 to 16 `recipients` can open it.

    With a `size` it is of so many bytes, and does not show for whom it is.

    Raises:
        MalformedError: no recipient, too many, or a text too long for `size`.
    """
    if not 1 <= len(recipients) <= MAX_RECIPIENTS:
        raise MalformedError(f"sealing needs 1 to {MAX_RECIPIENTS} recipients")
    key, message_id, nonce = random(32), random(_ID_BYTES), random(_NONCE_BYTES)
    wrapped = b"".join(
        (recipient.id if size is None else random(_KEY_ID_BYTES))
        + recipient.wrap(key, context.bind(message_id, recipient.id))
        for recipient in recipients
    )
    version = _VERSION if size is None else _HIDDEN
    header = bytes([version, len(recipients)]) + message_id + wrapped + _commitment(key)
    room = None if size is None else size - len(header) - _NONCE_BYTES - _TAG_BYTES
    padded = _pad(text, room)
    return header + nonce + crypto_aead_xchacha20poly1305_ietf_encrypt(padded, header, nonce, key)


def open_sealed(raw: bytes, *, key: SealingKey, context: SealContext) -> bytes:
    """Return the text that was sealed for `key` under `context`.

    Raises:
        MalformedError: not a sealed text.
        VerificationError: altered, for another recipient, or of another context.
    """
    if len(raw) < 2 or raw[0] not in _VERSIONS or not 1 <= raw[1] <= MAX_RECIPIENTS:
        raise MalformedError("sealed text: expected version 1 or 2 and its recipients")
    step = _KEY_ID_BYTES + _WRAPPED_BYTES
    end = 2 + _ID_BYTES + raw[1] * step
    if len(raw) < end + 32 + _NONCE_BYTES:
        raise MalformedError("sealed text: cut off")
    content_key = _unwrap(raw, end=end, step=step, key=key, context=context)
    if not hmac.compare_digest(_commitment(content_key), raw[end : end + 32]):
        raise VerificationError("sealed text: the key is not the one committed to")
    nonce = raw[end + 32 : end + 32 + _NONCE_BYTES]
    try:
        padded = crypto_aead_xchacha20poly1305_ietf_decrypt(
            raw[end + 32 + _NONCE_BYTES :], raw[: end + 32], nonce, content_key
        )
    except (CryptoError, ValueError) as cause:
        raise VerificationError("sealed text: altered") from cause
    return _unpad(padded, None if raw[0] == _VERSION else len(padded))


def message_id_of(raw: bytes) -> bytes:
    """Return the 16 random bytes by which a sealed text is known again."""
    return raw[2 : 2 + _ID_BYTES]


def _unwrap(raw: bytes, *, end: int, step: int, key: SealingKey, context: SealContext) -> bytes:
    own = key.public.id
    binding = context.bind(message_id_of(raw), own)
    for at in range(2 + _ID_BYTES, end, step):
        wrapped = raw[at + _KEY_ID_BYTES : at + step]
        if raw[0] == _VERSION and raw[at : at + _KEY_ID_BYTES] == own:
            return key.unwrap(wrapped, binding)
        if raw[0] == _HIDDEN:
            try:
                return key.unwrap(wrapped, binding)
            except VerificationError:
                continue
    raise VerificationError("sealed text: not for this key")


def _commitment(key: bytes) -> bytes:
    return sha256(enc(_COMMITMENT, key))


def _pad(text: bytes, room: int | None = None) -> bytes:
    size = len(text) + 1
    if room is None:
        step = _FINE if size <= _COARSE else _COARSE
        return text + b"\x80" + bytes(-size % step)
    if size > room:
        raise MalformedError(f"sealing: no room for {len(text)} bytes")
    return text + b"\x80" + bytes(room - size)


def _unpad(padded: bytes, room: int | None) -> bytes:
    text, mark, rest = padded.rpartition(b"\x80")
    if not mark or rest.strip(b"\0") or len(_pad(text, room)) != len(padded):
        raise VerificationError("sealed text: the padding is wrong")
    return text

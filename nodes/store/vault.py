"""Encryption at rest: one box for each value, bound to where it stands.

    box = nonce[24] ‖ XChaCha20-Poly1305(value), associated data enc(table, row, column)

A box moved to another row, column or table does not open. The key is derived from the keyring's,
which lies outside the data volume.
"""

import hmac
import secrets

from nacl.bindings import (
    crypto_aead_xchacha20poly1305_ietf_decrypt,
    crypto_aead_xchacha20poly1305_ietf_encrypt,
    crypto_aead_xchacha20poly1305_ietf_NPUBBYTES,
)
from nacl.exceptions import CryptoError

from ledger.encoding import enc
from nodes.errors import StorageError


class Vault:
    """Encrypts columns, and keys the indexes that must be searched without being read."""

    def __init__(self, *, box_key: bytes, mac_key: bytes) -> None:
        """Use two different 32-byte keys."""
        self._box_key = box_key
        self._mac_key = mac_key

    def lock(self, value: bytes, *, table: str, row: str | bytes, column: str) -> bytes:
        """Return the box that holds `value` at that place."""
        nonce = secrets.token_bytes(crypto_aead_xchacha20poly1305_ietf_NPUBBYTES)
        return nonce + crypto_aead_xchacha20poly1305_ietf_encrypt(
            value, enc(table, row, column), nonce, self._box_key
        )

    def unlock(self, box: bytes, *, table: str, row: str | bytes, column: str) -> bytes:
        """Return what `lock` put in.

        Raises:
            StorageError: the box was altered, moved, or locked under another key.
        """
        size = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
        try:
            return crypto_aead_xchacha20poly1305_ietf_decrypt(
                box[size:], enc(table, row, column), box[:size], self._box_key
            )
        except (CryptoError, ValueError) as cause:
            raise StorageError(f"{table}.{column} does not open under this store key") from cause

    def mac(self, label: str, *fields: bytes | str | int) -> bytes:
        """Return 32 bytes that only this node can compute from `fields`."""
        return keyed(self._mac_key, label, *fields)


def keyed(key: bytes, *fields: bytes | str | int) -> bytes:
    """Return the HMAC of `fields` under `key`: an index that only this node can compute."""
    return hmac.digest(key, enc(*fields), "sha256")

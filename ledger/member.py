"""The member document: what one member says about itself, alone.

format = "signaalketen/member/v1"
version = 1                     current + 1, so that no text is ever said twice
url = "https://signaalketen.uwv.example"
engine_key = ""                 base64 of the order engine's key; empty with the embedded order
post_quantum = []               hex SHA-256 of ML-DSA-44 cosigning keys

[sealing]                       hex SHA-256 of 1,216-byte public keys
node = "…"                      what peers seal items to on the way
recovery = "…"                  the offline key that opens this member's own content
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Self

from ledger.encoding import Digest
from ledger.errors import MalformedError

FORMAT = "signaalketen/member/v1"
_FIELDS = {"format", "version", "url", "engine_key", "post_quantum", "sealing"}
_MAX_VERSION = 10**9
_HEX = frozenset("0123456789abcdef")


@dataclass(frozen=True, slots=True)
class MemberDocument:
    """A member's own `url` and keys, as of its `version`."""

    version: int
    url: str
    engine_key: str
    post_quantum: tuple[Digest, ...]
    sealing: Mapping[str, Digest]

    def encode(self) -> str:
        """Return the TOML that is signed."""
        keys = ", ".join(f'"{key.hex()}"' for key in self.post_quantum)
        sealing = "".join(f'{name} = "{key.hex()}"\n' for name, key in self.sealing.items())
        return (
            f'format = "{FORMAT}"\nversion = {self.version}\nurl = "{self.url}"\n'
            f'engine_key = "{self.engine_key}"\npost_quantum = [{keys}]\n\n[sealing]\n{sealing}'
        )

    @classmethod
    def decode(cls, text: str) -> Self:
        """Read a document; the exact inverse of `encode`.

        Raises:
            MalformedError: not what `encode` returns.
        """
        try:
            top = tomllib.loads(text)
        # Besides its own error, the parser lets through those of a number with thousands of
        # digits and of brackets nested thousands deep: with them one member would stop all nodes.
        except (ValueError, RecursionError) as cause:
            raise MalformedError("member document: not TOML") from cause
        if set(top) != _FIELDS or not isinstance(top["sealing"], dict):
            raise MalformedError(f"member document: expected {', '.join(sorted(_FIELDS))}")
        try:
            document = cls(
                version=_version(top["version"]),
                url=top["url"],
                engine_key=top["engine_key"],
                post_quantum=tuple(_digest(key) for key in top["post_quantum"]),
                sealing=MappingProxyType({n: _digest(key) for n, key in top["sealing"].items()}),
            )
        except (TypeError, ValueError) as cause:
            raise MalformedError("member document: a field has the wrong type") from cause
        # TOML has many spellings of one value; a signature has one meaning.
        if document.encode() != text:
            raise MalformedError("member document: not canonical")
        return document


def _version(value: object) -> int:
    # A float or a date is also written back as it was read: 1.0 would be a second version 1.
    if type(value) is not int or not 1 <= value <= _MAX_VERSION:
        raise ValueError("expected a version")
    return value


def _digest(text: str) -> Digest:
    if len(text) != 64 or not _HEX.issuperset(text):
        raise ValueError("expected 64 hex digits")
    return Digest(bytes.fromhex(text))

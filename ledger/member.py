"""The member document: what one member says about itself, alone.

format = "signaalketen/member/v1"
version = 1                     current + 1, so that no text is ever said twice
url = "https://signaalketen.uwv.example"
engine_key = ""                 base64 of the key with which its order engine decides; empty where
                                that only listens, as a newcomer's does until it has caught up
engine_peer = ""                <40 hex>@host:port, where the others' engines find and let in this
                                one; empty with the embedded order
post_quantum = []               hex SHA-256 of ML-DSA-44 cosigning keys

[sealing]                       hex SHA-256 of 1,216-byte public keys
node = "…"                      what peers seal items to on the way
recovery = "…"                  the offline key that opens this member's own content
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Self

from ledger.encoding import Digest, from_base64
from ledger.errors import MalformedError

FORMAT = "signaalketen/member/v1"
_FIELDS = {"format", "version", "url", "engine_key", "engine_peer", "post_quantum", "sealing"}
_ENGINE_KEY_BYTES = 32
_ADDRESS = re.compile(r"[A-Za-z0-9.-]{1,253}:([1-9][0-9]{0,4})")
_PEER = re.compile(r"([0-9a-f]{40})@(.+)")
_MAX_PORT = 65_535
_MAX_VERSION = 10**9
_HEX = frozenset("0123456789abcdef")


@dataclass(frozen=True, slots=True)
class MemberDocument:
    """A member's own `url` and keys, as of its `version`."""

    version: int
    url: str
    engine_key: str
    engine_peer: str
    post_quantum: tuple[Digest, ...]
    sealing: Mapping[str, Digest]

    def encode(self) -> str:
        """Return the TOML that is signed."""
        keys = ", ".join(f'"{key.hex()}"' for key in self.post_quantum)
        sealing = "".join(f'{name} = "{key.hex()}"\n' for name, key in self.sealing.items())
        return (
            f'format = "{FORMAT}"\nversion = {self.version}\nurl = "{self.url}"\n'
            f'engine_key = "{self.engine_key}"\nengine_peer = "{self.engine_peer}"\n'
            f"post_quantum = [{keys}]\n\n[sealing]\n{sealing}"
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
                engine_peer=top["engine_peer"],
                post_quantum=tuple(_digest(key) for key in top["post_quantum"]),
                sealing=MappingProxyType({n: _digest(key) for n, key in top["sealing"].items()}),
            )
        except (TypeError, ValueError) as cause:
            raise MalformedError("member document: a field has the wrong type") from cause
        # TOML has many spellings of one value; a signature has one meaning.
        if document.encode() != text:
            raise MalformedError("member document: not canonical")
        document._verify_engine()
        return document

    def _verify_engine(self) -> None:
        # Every other member's engine is configured with these lines: one that an engine does not
        # take would keep all of them from starting.
        if self.engine_peer and not is_engine_peer(self.engine_peer):
            raise MalformedError("member document: engine_peer is not <40 hex>@host:port")
        if self.engine_key:
            from_base64(self.engine_key, size=_ENGINE_KEY_BYTES)
            if not self.engine_peer:
                raise MalformedError("member document: an engine_key without an engine_peer")


def is_engine_address(text: str) -> bool:
    """Tell whether `text` is host:port with a port that there is; no IPv6."""
    match = _ADDRESS.fullmatch(text)
    return match is not None and int(match[1]) <= _MAX_PORT


def is_engine_peer(text: str) -> bool:
    """Tell whether `text` is <40 hex>@host:port: a connection's id and where it is found."""
    match = _PEER.fullmatch(text)
    return match is not None and is_engine_address(match[2])


def _version(value: object) -> int:
    # A float or a date is also written back as it was read: 1.0 would be a second version 1.
    if type(value) is not int or not 1 <= value <= _MAX_VERSION:
        raise ValueError("expected a version")
    return value


def _digest(text: str) -> Digest:
    if len(text) != 64 or not _HEX.issuperset(text):
        raise ValueError("expected 64 hex digits")
    return Digest(bytes.fromhex(text))

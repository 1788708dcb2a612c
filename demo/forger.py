"""`python -m demo.forger --config node.toml`: a node as it should be, but for what it grants.

It has all keys of its member and forges as well as those can: every value is another than was
posted, in an SD-JWT that is signed anew, with all digests set right. What it cannot change is the
commitment in the block of the signal.
"""

import json
import sys
from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path

from sqlalchemy import Connection

from ledger.body import Item
from ledger.disclosure import Disclosure
from ledger.key import SigningKey
from ledger.sdjwt import (
    disclosure,
    disclosure_digest,
    from_base64url,
    read_disclosure,
    to_base64url,
)
from nodes.casework import office
from nodes.casework.grants import Grants
from nodes.keyring import load_keyring
from nodes.settings import load_settings
from nodes.store.matches import Match

FALSE = {"helpQuestion": "inkomen"}
"""By field, what is said in place of what was posted."""


def forge(true: Disclosure, values: Mapping[str, str], *, key: SigningKey) -> Disclosure:
    """Return `true` with other values, signed by `key`, which is its issuer's own."""
    (item,) = true.share.items
    changed = {text: _changed(text, values) for text in true.disclosures}
    digests = {disclosure_digest(old): disclosure_digest(new) for old, new in changed.items()}
    forged = Item(item.index, item.salt, _resigned(item.content, digests, key))
    shown = list(true.share.digests)
    shown[item.index] = forged.digest
    share = replace(true.share, items=(forged,), digests=tuple(shown))
    return Disclosure(share, tuple(changed.values()))


def _changed(text: str, values: Mapping[str, str]) -> str:
    told = read_disclosure(text)
    value = values.get(told.name, told.value)
    return disclosure(salt=told.salt, name=told.name, value=value)


def _resigned(jwt: bytes, digests: Mapping[str, str], key: SigningKey) -> bytes:
    header, payload, _ = jwt.decode().split(".")
    claims = json.loads(from_base64url(payload))
    claims["_sd"] = sorted(digests.get(digest, digest) for digest in claims["_sd"])
    text = json.dumps(claims, ensure_ascii=False, separators=(",", ":"))
    signed = f"{header}.{to_base64url(text.encode())}"
    return f"{signed}.{to_base64url(key.sign_bytes(signed.encode()))}".encode()


def alter(config: Path) -> None:
    """Let a node that is made in this process grant what it did not post."""
    key = load_keyring(load_settings(config).keys).sdjwt

    class Forger(Grants):
        def disclose(
            self, connection: Connection, match: Match, *, fields: Collection[str]
        ) -> Disclosure:
            return forge(super().disclose(connection, match, fields=fields), FALSE, key=key)

    setattr(office, Grants.__name__, Forger)


def main() -> None:
    """Run the node on the settings that the arguments name, until SIGTERM."""
    from api.server import serve  # noqa: PLC0415 -- the scene needs `forge` alone

    config = Path(sys.argv[-1])
    alter(config)
    serve(config, log_level="info")


if __name__ == "__main__":
    main()

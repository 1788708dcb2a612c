"""What a member says about itself on the chain: its `member` entry.

Its node makes one whenever the newest is not true any more. A member whose engine nobody lets in
yet, so that its node cannot bring one to the order, makes it by hand; another member's operator
hands it in.
"""

from datetime import date

from ledger.encoding import sha256, to_base64
from ledger.entry import Entry, SignedEntry
from ledger.member import MemberDocument
from nodes.keyring import Keyring
from nodes.sequencer.cometbft.machine import Engine


def member_document(
    keyring: Keyring, *, version: int, url: str, engine: Engine | None
) -> MemberDocument:
    """Return what the member of `keyring` says: where it is found, and the hashes of its keys."""
    key = keyring.post_quantum
    deciding = None if engine is None else engine.key
    return MemberDocument(
        version=version,
        url=url,
        engine_key="" if deciding is None else to_base64(deciding),
        engine_peer="" if engine is None else engine.peer,
        post_quantum=() if key is None else (sha256(key.verifier.public),),
        sealing={
            "node": keyring.sealing.public.hash,
            "recovery": keyring.recovery.hash,
        },
    )


def member_entry(keyring: Keyring, document: MemberDocument, *, day: date) -> SignedEntry:
    """Return the entry that puts `document` on the chain, signed with the entry key in use."""
    entry = Entry(
        origin=keyring.origin,
        author=keyring.member,
        kind="member",
        day=day,
        commitment=None,
        further=document.encode(),
    )
    return SignedEntry.of(entry, (keyring.entry.sign(entry.encode()),))

"""What a node holds of a grant, read with that node's own keys and judged as any receiver can.

To judge takes what was received, the block of the signal as anybody serves it, the issuer's key in
the document, and the receiver's own BSN: the node that granted is not asked.
"""

from collections.abc import Collection
from contextlib import closing
from datetime import UTC, datetime, time

from demo.desk import Desk
from demo.errors import DemoError
from demo.stage import Posted, Stage
from ledger.block import Block
from ledger.disclosure import Disclosure, verify_disclosure
from ledger.exchange.message import Grant, Message
from nodes.keyring import load_keyring
from nodes.store.casework import CaseStore
from nodes.store.database import Database
from nodes.store.vault import Vault


def stored_grant(desk: Desk, request: str) -> Disclosure:
    """Return what a desk was granted, from its node's database.

    Raises:
        DemoError: nothing.
    """
    keyring = load_keyring(desk.member.keys)
    vault = Vault(box_key=keyring.derive("box"), mac_key=bytes(32))
    store = CaseStore(vault, index_key=keyring.derive("index/case"))
    database = Database(desk.member.database)
    with closing(database), database.read() as connection:
        opening = store.opening(connection, desk.match)
        events = [] if opening is None else store.events(connection, opening)
    for stored in events:
        message = getattr(stored.event.act, "message", None)
        content = message.content if isinstance(message, Message) else None
        if isinstance(content, Grant) and content.request.hex() == request:
            return content.disclosure
    raise DemoError(f"{desk.member.name} was granted nothing for that request")


def block_of(stage: Stage, posted: Posted, *, at: str) -> Block:
    """Return the block of a signal as the node of `at` serves it to a stranger."""
    size = stage.wait_size(at, posted.height + 1, role=None)
    return Block.decode(stage.blocks(at, role=None, size=size)[posted.height])


def judge(
    stage: Stage, received: Disclosure, *, block: Block, own: Posted, granted: Collection[str]
) -> dict[str, str]:
    """Return the fields that were disclosed of the signal in `block`, to who posted `own`.

    Raises:
        LedgerError: it is not what was posted; the text says in what.
    """
    entry = block.signed.entry
    noon = datetime.combine(entry.day, time(12), UTC)
    return verify_disclosure(
        received,
        entry=entry,
        key=stage.members.document.by_name[entry.author].sdjwt_key,
        bsn=own.signal.bsn,
        granted=granted,
        now=int(noon.timestamp()),
    )

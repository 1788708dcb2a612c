"""A whole case told by two ends, and what must hold of it by the chain alone.

told = await whole_case(case, at=nothing)       # from both confirmations to the close
await verify_told(case, told)
"""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from ledger.block import Block
from ledger.bsn import Bsn
from ledger.disclosure import verify_disclosure
from ledger.encoding import to_base64
from ledger.exchange.message import (
    Close,
    Coordinate,
    Grant,
    Outcome,
    Refuse,
    Request,
    Text,
)
from ledger.exchange.words import Ending, Refusal, Result
from ledger.receipt import verify_by_documents
from ledger.sdjwt import disclosure_digest, read_disclosure
from nodes.casework.seen import Shown
from tests.support.case_cluster import ASK, OTHER, Case, End
from tests.support.cluster import FIELDS
from tests.support.consortium import ORIGIN


async def nothing(stage: str) -> None:
    """Do nothing at any stage."""
    del stage


@dataclass(frozen=True)
class Told:
    """What came of a whole case: `request` was granted and `shown`, `refused` was not."""

    request: bytes
    refused: bytes
    shown: Shown


async def whole_case(case: Case, *, at: Callable[[str], Coroutine[Any, Any, None]]) -> Told:
    """Let a case go from match to close; `case.one` is asked for fields and grants some.

    `at` is awaited with each of: asked, granted, coordinated. Between asked and granted only the
    end that is asked acts.
    """
    one, other = case.ends
    await case.confirmed()
    await one.say(Text("Wie belt?"))
    await other.until_heard(Text)
    request, refused = await other.say(ASK), await other.say(OTHER)
    await one.until_heard(Request, Request)
    await at("asked")
    await one.prepare(request, "theme")
    await one.approve(request)
    await one.say(Refuse(refused, Refusal.NOT_NEEDED), by=one.approver)
    await at("granted")
    await other.until_heard(Grant, Refuse)
    shown = await other.shown(request)
    await other.say(Coordinate(one.desk))
    await one.until_heard(Coordinate)
    for end, across in (case.ends, case.ends[::-1]):
        await end.say(Outcome(Result.COORDINATED))
        await across.until_heard(Outcome)
    await at("coordinated")
    await one.say(Close(Ending.DONE))
    await other.until_heard(Close)
    await case.until_arrived()
    return Told(request, refused, shown)


async def verify_told(case: Case, told: Told) -> None:
    """Check that one field was shown and proven, and all of it stands on the chain.

    Raises:
        AssertionError: something else was.
        LedgerError: a proof or receipt proves nothing.
    """
    assert told.shown.fields == {"theme": FIELDS["theme"]}
    verify_shown(case.other, told.request, told.shown)
    assert [one.stage for one in case.other.dossier.pair.requests] == ["granted", "refused"]
    assert all(end.dossier.pair.is_coordinated for end in case.ends)
    assert [kind for kind in await case.other.kinds() if "confirm" not in kind] == [
        *("heard-text", "request", "request", "heard-grant", "heard-refuse"),
        *("coordinate", "heard-outcome", "outcome", "heard-close"),
    ]
    for end, across in (case.ends, case.ends[::-1]):
        await verify_timeline(end, across)
        assert await end.worklist() == []


async def verify_timeline(end: End, other: End) -> None:
    """Check that each message of a timeline stands in a beat of who sent it, with a receipt.

    Raises:
        AssertionError: no block, another author's, or no beat.
        LedgerError: a receipt that proves nothing.
    """
    log, document = end.cluster["bzk"].log, end.cluster.founded.document
    for line in await end.timeline():
        if line.message is None:
            continue
        assert line.height is not None, f"{line.kind} stands in no block"
        receipt = log.receipt(line.height, is_inside=True)
        proven = verify_by_documents(receipt, origin=ORIGIN, in_force=lambda _: document)
        entry = proven.block.signed.entry
        author = other.name if line.by is None else end.name
        assert (entry.kind, entry.author) == ("exchange", author)


def verify_shown(end: End, request: bytes, shown: Shown) -> None:
    """Check by BZK's chain that what an end was shown is what the other agency posted.

    Raises:
        AssertionError: the proof names something else than the chain has.
        LedgerError: the fields do not follow from what was granted.
    """
    (grant,) = [c for c in end.heard() if isinstance(c, Grant) and c.request == request]
    proof, document = shown.proof, end.cluster.founded.document
    receipt = end.cluster["bzk"].log.receipt(proof.height, is_inside=True)
    signed = Block.decode(receipt.block).signed
    fields = verify_disclosure(
        grant.disclosure,
        entry=signed.entry,
        key=document.by_name[proof.author].sdjwt_key,
        bsn=Bsn(end.dossier.match.digits),
        granted=shown.fields,
        now=int(end.cluster.clock.now().timestamp()),
    )
    texts = {read_disclosure(text).name: text for text in grant.disclosure.disclosures}
    assert fields == shown.fields
    assert signed.entry.commitment is not None
    assert (proof.author, proof.day) == (signed.entry.author, signed.entry.day)
    assert (proof.entry_id, proof.commitment) == (
        signed.id.hex(),
        to_base64(signed.entry.commitment),
    )
    assert proof.digests == tuple(digest.hex() for digest in grant.disclosure.share.digests)
    assert proof.claims == {name: disclosure_digest(texts[name]) for name in fields}

"""What a custodian holds of somebody else's signal, and whether it can open it."""

from collections.abc import Iterable
from pathlib import Path

from demo.stage import Posted, Stage
from demo.views import View
from ledger.block import Block
from ledger.encoding import from_base64
from ledger.errors import LedgerError
from ledger.seal import SealContext, SealingKey, open_sealed
from nodes.keyring import read_private

_SHOWN = 10


def of_custodian(stage: Stage, posted: Posted) -> View:
    """Return what BZK holds for UWV; every key that could open it is really tried."""
    bzk, members = stage.members["bzk"], stage.members
    answer = bzk.ask(f"/v1/blocks/{posted.height}/body", role="fg")
    held = answer.json()
    alpha, content, jwt = held["items"]
    holds_only_content = alpha["content"] is None and jwt["content"] is None
    sealed = from_base64(content["content"])
    by_custodian = _opens(posted, sealed, [bzk.keys / "node.seed", members.recovery("bzk")])
    by_author = _opens(posted, sealed, [members.recovery("uwv")])
    lines = (
        f"body, as FG: {answer.status_code}",
        f"holds it as {held['holder']}",
        f"others   {'digests only' if holds_only_content else 'held'}",
        f"content  {len(sealed)} bytes, sealed:",
        f"  {sealed[-_SHOWN:].hex(' ', 2)}…",
        f"opens with BZK's keys: {'yes' if by_custodian else 'no'}",
        "opens with the recovery key in",
        f"UWV's safe: {'yes' if by_author else 'no'}",
    )
    return View(
        "BZK, FG of the custodian",
        lines,
        saw=answer.content + sealed,
        is_as_promised=by_author and not by_custodian and holds_only_content,
    )


def _opens(posted: Posted, sealed: bytes, seeds: Iterable[Path]) -> bool:
    entry = Block.decode(posted.receipt.block).signed.entry
    context = SealContext(
        origin=entry.origin, kind=entry.kind, author=entry.author, date=entry.day.isoformat()
    )
    for seed in seeds:
        try:
            open_sealed(sealed, key=SealingKey(read_private(seed)), context=context)
        except LedgerError:
            continue
        return True
    return False

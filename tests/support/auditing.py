"""An audit as a test runs it, and its findings as (height, reason)."""

from collections.abc import Iterable, Sequence
from io import BytesIO

from ledger.audit import Report, Run, audit
from ledger.consortium import Consortium as Document
from ledger.export import ExportReader
from tests.support.chain import ChainBuilder, checkpoint_of, make_card
from tests.support.parties import Consortium, make_consortium

Found = list[tuple[int | None, str]]


def audited(
    blocks: Iterable[bytes],
    final: bytes,
    *,
    trusted: Document | None = None,
    others: Sequence[bytes] = (),
    run: Run = map,
) -> Report:
    """Return the report on `blocks` and `final`, trusting the founding document."""
    return audit(
        blocks,
        trusted=trusted or make_consortium().document,
        final=lambda: final,
        others=others,
        run=run,
    )


def audited_chain(chain: ChainBuilder, *, others: Sequence[bytes] = (), run: Run = map) -> Report:
    """Return the report on a chain with cosignatures of all."""
    return audited(chain.blocks, chain.final().encode(), others=others, run=run)


def audited_export(raw: bytes, *, trusted: Document | None = None) -> Report:
    """Return the report on an export."""
    reader = ExportReader(BytesIO(raw).read)
    return audit(
        reader.blocks(), trusted=trusted or make_consortium().document, final=reader.checkpoint
    )


def found(report: Report) -> Found:
    """Return the findings, in their order."""
    assert report.is_sound == (not report.findings)
    return [(finding.height, finding.reason) for finding in report.findings]


def found_in(blocks: Sequence[bytes], *, by: Consortium | None = None) -> Found:
    """Return the findings on `blocks` under a checkpoint of them that everybody cosigned.

    What is found is then found in the blocks, although all members stand behind them.
    """
    consortium = by or make_consortium()
    final = consortium.cosigned(checkpoint_of(blocks))
    return found(audited(blocks, final.encode()))


def sound_chain() -> ChainBuilder:
    """Return a chain of ten blocks.

    Block 0 founds it, 1 is a card, 6 another version of the document, and the rest are signals.
    """
    chain = ChainBuilder()
    chain.apply(make_card(chain.consortium, "uwv"))
    chain.fill(4)
    chain.amend(lambda draft: draft.update(k=12))
    return chain.fill(3)

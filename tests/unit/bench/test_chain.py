"""The synthetic chain: sound, as long as asked, and spread over dates as it says."""

from collections import Counter
from datetime import date, timedelta
from pathlib import Path

import pytest

from bench.bare import signatures_of, verify_all
from bench.chain import BLOCKS_A_DAY, FIRST, Chain, build
from ledger.audit import audit
from ledger.block import Block
from ledger.export import ExportReader
from tests.support.signers import NOON

SIZE = 2 * BLOCKS_A_DAY + 20
TODAY = date(2026, 11, 24)


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Chain:
    folder: Path = tmp_path_factory.mktemp("chain")
    return build(
        folder,
        size=SIZE,
        today=TODAY,
        now=NOON,
        url="http://127.0.0.1:8109",
        progress=lambda _: None,
    )


def test_the_audit_finds_the_synthetic_chain_sound(chain: Chain) -> None:
    with chain.export.open("rb") as file:
        reader = ExportReader(file.read)
        report = audit(reader.blocks(), trusted=chain.founded.document, final=reader.checkpoint)

    assert report.findings == []
    assert report.size == SIZE


def test_the_synthetic_chain_leaves_nothing_owed_but_its_last_rounds(chain: Chain) -> None:
    kinds = Counter(Block.decode(raw).signed.entry.kind for raw in chain.blocks())

    assert kinds["signal"] - 64 * kinds["locate"] < 64
    assert 2 * kinds["locate"] - kinds["answer"] <= 2


def test_dates_end_yesterday_however_long_the_chain_is(chain: Chain) -> None:
    days = [Block.decode(raw).signed.entry.day for raw in chain.blocks()]

    assert max(days) == TODAY - timedelta(days=1)
    assert Counter(days)[max(days) - timedelta(days=1)] == BLOCKS_A_DAY


def test_every_block_after_the_cards_has_two_signatures_that_verify(chain: Chain) -> None:
    blocks = list(chain.blocks())[FIRST:]

    signatures = signatures_of(blocks, chain.founded.document)

    assert len(signatures) == 2 * len(blocks)
    verify_all(signatures)


def test_entries_are_what_stands_in_the_blocks(chain: Chain) -> None:
    (entry,) = chain.entries(10, 11)

    assert entry == Block.decode(list(chain.blocks(11))[10]).signed.encode()

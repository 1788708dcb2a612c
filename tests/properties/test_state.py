"""Every node computes the same chain, whenever it was restarted and whatever was submitted."""

from contextlib import suppress
from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from ledger.block import Block, block_hash
from ledger.entry import DOCUMENT_KINDS
from ledger.errors import RefusedError
from ledger.state import STALE_AFTER, State, admission_of
from tests.support.auditing import audited, found
from tests.support.chain import checkpoint_of, entry_of, link
from tests.support.parties import make_consortium
from tests.support.refusing import everything
from tests.support.submissions import Outcome, Submission, grow, outcome_of, submissions


def replayed(blocks: list[bytes]) -> State:
    """Return the state of a node that reads all blocks again."""
    state = State()
    for block in blocks:
        state.apply(entry_of(block))
    return state


def restarted(blocks: list[bytes]) -> State:
    """Return the state of a node that starts with what it keeps: as `nodes.replica` does.

    It reads documents, what is owed, the newest block and the headers of recent days.
    """
    state = State()
    whole = [Block.decode(raw) for raw in blocks]
    for block in whole:
        if block.signed.entry.kind in DOCUMENT_KINDS:
            state.height = block.height
            rule = state.rule(block.signed.entry.kind)
            rule.admit(admission_of(block.signed), block.signed, state)
    state.outstanding = replayed(blocks).outstanding
    state.allowances = replayed(blocks).allowances
    state.height = len(blocks)
    state.previous = block_hash(blocks[-1])
    state.dates = replayed(blocks).dates
    since = date.min if state.chain_day is None else state.chain_day - STALE_AFTER
    for block in whole:
        if block.signed.entry.day >= since:
            state.remember(admission_of(block.signed))
    return state


def asked_then_applied(state: State, raw: bytes) -> Outcome:
    """Return what becomes of `raw` at a node that first asks: asking leaves no trace."""
    with suppress(RefusedError):
        state.check(raw)
    return outcome_of(state.apply, raw)


@given(made=submissions, at=st.integers(0, 25))
def test_node_that_was_restarted_computes_the_same_blocks_and_refusals(
    made: list[Submission], at: int
) -> None:
    chain, submitted, outcomes = grow(made)

    state = State()
    state.apply(entry_of(chain.blocks[0]))
    before = [asked_then_applied(state, raw) for raw in submitted[:at]]
    again = restarted(chain.blocks[: state.height])
    assert everything(again) == everything(state)
    after = [asked_then_applied(again, raw) for raw in submitted[at:]]

    assert before + after == outcomes
    assert everything(again) == everything(chain.state)
    assert everything(replayed(chain.blocks)) == everything(chain.state)


@given(made=submissions, at=st.integers(0, 25), size=st.integers(1, 6))
def test_a_trial_foretells_what_comes_and_leaves_no_trace(
    made: list[Submission], at: int, size: int
) -> None:
    chain, submitted, _ = grow(made)
    state = State()
    state.apply(entry_of(chain.blocks[0]))
    for raw in submitted[:at]:
        outcome_of(state.apply, raw)
    before, trial = everything(state), state.trial()

    foretold = [outcome_of(trial.apply, raw) for raw in submitted[at : at + size]]

    assert everything(state) == before
    assert foretold == [outcome_of(state.apply, raw) for raw in submitted[at : at + size]]
    assert (trial.height, trial.previous, trial.document, trial.cards, trial.chain_day) == (
        state.height,
        state.previous,
        state.document,
        state.cards,
        state.chain_day,
    )
    assert (trial.epochs, trial.outstanding) == (state.epochs, state.outstanding)


@given(made=submissions)
def test_audit_finds_in_each_block_what_the_state_machine_would_have_skipped(
    made: list[Submission],
) -> None:
    chain, submitted, _ = grow(made)
    entries = [entry_of(chain.blocks[0]), *submitted]
    state = State()
    expected = []
    for height, raw in enumerate(entries):
        state.height = height
        outcome, reason = outcome_of(state.apply, raw)
        if outcome == "refused":
            expected.append((height, reason))

    blocks = link(entries)
    final = make_consortium().cosigned(checkpoint_of(blocks)).encode()

    findings = [(h, reason) for h, reason in found(audited(blocks, final)) if h is not None]
    assert findings == expected

"""A chain of a consortium's entries: pure, and the same in every run.

    chain = ChainBuilder()                  # block 0: the founding entry, signed by all
    chain.apply(make_card(chain.consortium, "uwv"))
    chain.post("svb")                       # a signal with a body of its own
    chain.amend(lambda draft: draft.update(k=12))
    chain.export()                          # with cosignatures of all

Every body follows from origin, author, day and number.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from typing import Self

from ledger.block import NO_PREVIOUS, block_hash, block_header
from ledger.body import Body, Item
from ledger.checkpoint import Checkpoint
from ledger.commitment import commit
from ledger.consortium_chain import ConsortiumChain
from ledger.cosignature import SignedCheckpoint
from ledger.encoding import Digest, enc, sha256
from ledger.entry import Entry, SignedEntry
from ledger.export import encode_export
from ledger.group import Scalar, hash_to_point
from ledger.member import MemberDocument
from ledger.receipt import Receipt
from ledger.state import Appended, State
from ledger.tree import Frontier, leaf_hash, prove_inclusion
from ledger.voprf import Alpha
from tests.support.parties import ALL, DAY, Change, Consortium, Member, make_consortium, seeded
from tests.support.signers import NOON, ORIGIN
from tests.support.trees import StoredTree

PURPOSE = "multiproblematiek"


@lru_cache(maxsize=8)
def make_founding(consortium: Consortium, day: date = DAY) -> bytes:
    """Return the founding entry: by SZW where it is a member, approved by all others."""
    author, *others = sorted((m.name for m in consortium.members), key=lambda n: (n != "szw", n))
    return consortium.propose(consortium.document, author=author, by=others, day=day).encode()


@lru_cache(maxsize=64)
def make_card(consortium: Consortium, author: str, *, version: int = 1, day: date = DAY) -> bytes:
    """Return the entry of a member's own card."""
    hashes = {use: sha256(enc(author, use)) for use in ("node", "recovery")}
    card = MemberDocument(version, f"https://{author}.test", "", "", (), hashes)
    entry = Entry(consortium.document.origin, author, "member", day, None, card.encode())
    return consortium.sign(entry).encode()


@dataclass(frozen=True)
class Signal:
    """A signal as its author has it: the entry with every line it needs, and the body."""

    signed: SignedEntry
    body: Body

    @property
    def raw(self) -> bytes:
        """Return the entry note."""
        return self.signed.encode()


def make_signal(
    consortium: Consortium,
    author: str = "uwv",
    *,
    number: int = 0,
    day: date = DAY,
    by: Iterable[str] = ("bzk",),
    alpha: Alpha | None = None,
) -> Signal:
    """Return a signal that the custodians `by` say they hold; another `number`, another body.

    Without `alpha` it is about somebody nobody knows.
    """
    origin = consortium.document.origin
    label = (origin, author, day.isoformat(), number)
    alpha = alpha or Alpha(PURPOSE, hash_to_point(seeded(64, *label, "person")))
    contents = (alpha.encode(), *(seeded(64, *label, item) for item in ("content", "jwt")))
    items = tuple(
        Item(index, seeded(32, *label, "salt", index), content)
        for index, content in enumerate(contents)
    )
    body = Body(items, Scalar.reduce(seeded(64, *label, "r")))
    commitment = commit(
        origin=origin,
        kind="signal",
        author=author,
        date=day.isoformat(),
        digests=body.digests,
        r=body.r,
    )
    entry = Entry(origin, author, "signal", day, commitment.encode())
    return Signal(consortium.sign(entry, by=by), body)


def make_entry(
    consortium: Consortium,
    author: str,
    kind: str,
    further: str,
    *,
    by: Iterable[str] = ("bzk",),
    day: date = DAY,
    number: int = 0,
) -> bytes:
    """Return an entry of a kind with further lines and stored-lines; its body is nobody's."""
    origin = consortium.document.origin
    commitment = hash_to_point(seeded(64, origin, author, kind, further, number)).encode()
    entry = Entry(origin, author, kind, day, commitment, further)
    return consortium.sign(entry, by=by).encode()


def link(entries: Iterable[bytes], *, origin: str = ORIGIN) -> list[bytes]:
    """Return blocks of `entries`, each linked to the one before; whether they hold is not asked."""
    blocks: list[bytes] = []
    previous = NO_PREVIOUS
    for height, raw in enumerate(entries):
        blocks.append(block_header(origin=origin, height=height, previous=previous) + raw)
        previous = block_hash(blocks[-1])
    return blocks


def entry_of(block: bytes) -> bytes:
    """Return the entry note in a block."""
    return block.partition(b"\n\n")[2]


def checkpoint_of(blocks: Iterable[bytes], *, origin: str = ORIGIN) -> Checkpoint:
    """Return the checkpoint of a chain of `blocks`."""
    leaves = [leaf_hash(block) for block in blocks]
    return Checkpoint(origin, len(leaves), Frontier(0, ()).appended(leaves)[0].root())


class ChainBuilder:
    """A chain grown through the state machine, block by block, from its founding entry."""

    def __init__(self, consortium: Consortium | None = None) -> None:
        """Found the chain of `consortium`, or of the one that `make_consortium` makes."""
        self.consortium = consortium or make_consortium()
        self.state = State()
        self.blocks: list[bytes] = []
        self.frontier = Frontier(0, ())
        self._posted = 0
        self.apply(make_founding(self.consortium))

    def apply(self, raw: bytes) -> Appended:
        """Append an entry note.

        Raises:
            RefusedError: as `State.apply` does; nothing is changed.
        """
        appended = self.state.apply(raw)
        self.blocks.append(appended.raw)
        self.frontier, _ = self.frontier.appended([leaf_hash(appended.raw)])
        return appended

    def post(self, author: str = "uwv", *, day: date = DAY) -> Appended:
        """Append a new signal, held by two others: so a quorum of three attests its date."""
        self._posted += 1
        others = [name for name in self.consortium.document.custodians if name != author]
        by = sorted(others[:2])
        signal = make_signal(self.consortium, author, number=self._posted, day=day, by=by)
        return self.apply(signal.raw)

    def fill(self, count: int) -> Self:
        """Append `count` new signals by the three issuers in turn."""
        for _ in range(count):
            self.post(("szw", "svb", "uwv")[self._posted % 3])
        return self

    def amend(
        self, change: Change = lambda _: None, *, members: tuple[Member, ...] | None = None
    ) -> Appended:
        """Append the next version of the document, signed by all, and go on under it."""
        successor = self.consortium.draft(change, members=members)
        others = sorted({m.name for m in self.consortium.members} - {"szw"})
        appended = self.apply(self.consortium.propose(successor.document, by=others).encode())
        self.consortium = successor
        return appended

    @property
    def checkpoint(self) -> Checkpoint:
        """Return the checkpoint of the chain so far."""
        return Checkpoint(self.consortium.document.origin, self.frontier.size, self.frontier.root())

    def final(
        self, *, by: Iterable[str] = ALL, post_quantum: Iterable[str] = (), time: int = NOON
    ) -> SignedCheckpoint:
        """Return the checkpoint cosigned by the members `by`, and signed by UWV's log."""
        return self.consortium.cosigned(
            self.checkpoint, by=by, post_quantum=post_quantum, logs=["uwv"], time=time
        )

    def export(self, *, by: Iterable[str] = ALL, time: int = NOON) -> bytes:
        """Return the export that ends in `final`."""
        return b"".join(encode_export(self.blocks, self.final(by=by, time=time).encode))

    def receipt(
        self, index: int, *, by: Iterable[str] = ALL, post_quantum: Iterable[str] = ()
    ) -> Receipt:
        """Return the receipt of the block at height `index` under `final`."""
        return self._receipt(index, self.final(by=by, post_quantum=post_quantum))

    def documents(self, *, by: Iterable[str] = ALL) -> ConsortiumChain:
        """Return the chain of this chain's documents under `final`."""
        final = self.final(by=by)
        heights = [at for at, block in enumerate(self.blocks) if b"\nconsortium\n" in block]
        return ConsortiumChain(final, tuple(self._receipt(at, final) for at in heights))

    def rotate(self, generation: int) -> Appended:
        """Give every member new keys, of that generation, by the next version of the document."""
        return self.amend(
            members=tuple(
                replace(member, generation=generation) for member in self.consortium.members
            )
        )

    def _receipt(self, index: int, final: SignedCheckpoint) -> Receipt:
        leaves: list[Digest] = [leaf_hash(block) for block in self.blocks]
        proof = prove_inclusion(StoredTree(leaves), index=index, size=len(leaves))
        return Receipt(self.blocks[index], index, tuple(proof), final)

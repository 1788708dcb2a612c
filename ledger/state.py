"""The state machine: which entries become blocks. Every node computes the same.

An entry is appended if its author is a member with the role for its kind, its lines are exactly
right, it is canonical, not stale, within its author's quota for its date, for all dates after the
chain's, or what it may post beyond (`ledger.allowance`), keeps the rules of its kind, and its text
was not appended before. Otherwise it is skipped, with a counted reason:

    malformed  wrong-origin  unknown-kind  unknown-author  role  signature  stored-line  approval
    commitment  further-lines  document  member-document  version  epoch  heights  stale
    over-quota  duplicate
    no-document (an entry before the founding one)

No clock: the chain's date is the newest that a quorum of the witnesses attested (`ledger.dates`).
Repeats are remembered only for the days in which they are not stale, so the state does not grow
with the chain.
"""

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import NamedTuple

from ledger.allowance import Allowances
from ledger.block import MAX_BLOCK_BYTES, NO_PREVIOUS, block_hash, block_header
from ledger.consortium import Consortium
from ledger.dates import Dates
from ledger.encoding import Digest
from ledger.entry import DOCUMENT_KINDS, SignedEntry
from ledger.epochs import Epochs
from ledger.errors import LedgerError, MalformedError, RefusedError
from ledger.member import MemberDocument
from ledger.outstanding import Outstanding
from ledger.rules import PROTOCOLS
from ledger.rules.consortium import read_document
from ledger.rules.kind import Admission, Rule, verify_line

STALE_AFTER = timedelta(days=2)
LONGEST_STANDSTILL_DAYS = 31
"""How many days' quota all dates after the chain's hold together: it may stand still so long."""


class UpgradeRequiredError(LedgerError):
    """The next block begins a protocol that this version of the software lacks."""


class Appended(NamedTuple):
    """A new block: its `height` and bytes, and whose entry it holds."""

    height: int
    raw: bytes
    admission: Admission


def admission_of(signed: SignedEntry) -> Admission:
    """Return what `State.admit` needs of `signed`."""
    entry = signed.entry
    if entry.kind in DOCUMENT_KINDS:
        return Admission(signed.id, entry.author, entry.kind, entry.day, ())
    stored_by = tuple(line.name.removeprefix(f"{entry.origin}/") for line in signed.lines[1:])
    return Admission(signed.id, entry.author, entry.kind, entry.day, stored_by, entry.further)


def verify_entry(signed: SignedEntry, document: Consortium) -> None:
    """Check all that needs no history, under the document in force.

    Raises:
        RefusedError: with the reason that is counted.
    """
    entry = signed.entry
    if entry.origin != document.origin:
        raise RefusedError("wrong-origin", "the entry is of another ledger")
    rule = rule_of(entry.kind, document)
    author = document.by_name.get(entry.author)
    if author is None:
        raise RefusedError("unknown-author", "the author is not a member")
    if rule.role is not None and rule.role not in author.roles:
        raise RefusedError("role", f"{entry.author} lacks the role {rule.role}")
    if verify_line(signed.lines[0], signed.text, document, reason="signature") != entry.author:
        raise RefusedError("signature", "the first line must be the author's")
    rule.verify(signed, document)


def rule_of(kind: str, document: Consortium) -> Rule:
    """Return the rules of `kind` under the document's protocol.

    Raises:
        RefusedError: for `unknown-kind`.
        UpgradeRequiredError: the document's protocol is not known.
    """
    if document.protocol not in PROTOCOLS:
        raise UpgradeRequiredError(f"upgrade-required: protocol {document.protocol} is not known")
    rule = PROTOCOLS[document.protocol].get(kind)
    if rule is None:
        raise RefusedError("unknown-kind", f"protocol {document.protocol} has no such kind")
    return rule


@dataclass(slots=True)
class State:
    """The chain so far, as far as it bears on what comes next.

    `recent` holds, for each date that is not stale, the ids of its entries; `posted` their number
    by (author, kind). A State that raised anything but RefusedError is not to be used again.
    """

    height: int = 0
    previous: Digest = NO_PREVIOUS
    document: Consortium | None = None
    dates: Dates = field(default_factory=Dates)
    cards: dict[str, MemberDocument] = field(default_factory=dict)
    epochs: Epochs = field(default_factory=Epochs)
    outstanding: Outstanding = field(default_factory=Outstanding)
    allowances: Allowances = field(default_factory=Allowances)
    recent: dict[date, set[Digest]] = field(default_factory=dict)
    posted: dict[date, dict[tuple[str, str], int]] = field(default_factory=dict)

    def apply(self, raw: bytes) -> Appended:
        """Append the entry note `raw`, or raise and change nothing.

        Raises:
            RefusedError: the entry is skipped; the reason is to be counted.
            UpgradeRequiredError: the entry is sound, and the end of what this software can read.
        """
        signed = self.check(raw)
        admission = admission_of(signed)
        self.admit(admission, signed)
        block = self._header() + raw
        self.advance(block)
        return Appended(self.height - 1, block, admission)

    def check(self, raw: bytes) -> SignedEntry:
        """Check what can be checked before the entry's turn; changes nothing.

        Raises:
            RefusedError: the entry would be skipped.
        """
        try:
            signed = SignedEntry.decode(raw)
        except MalformedError as cause:
            raise RefusedError("malformed", str(cause)) from cause
        if len(raw) + len(self._header()) > MAX_BLOCK_BYTES:
            raise RefusedError("malformed", "a block is at most 65,535 bytes")
        self.verify(signed)
        admission = admission_of(signed)
        self._verify_timely(admission, self.rule(signed.entry.kind))
        self._verify_new(admission)
        return signed

    def verify(self, signed: SignedEntry) -> None:
        """Check all that needs no history, under the document in force or the founding one.

        Raises:
            RefusedError: with the reason that is counted.
        """
        verify_entry(signed, self.document or founding_document(signed))

    def trial(self) -> "State":
        """Return a state that goes on from here on its own, for entries that may come to nothing.

        It is to be thrown away before this one moves: of many things it keeps only what it adds.
        """
        return State(
            height=self.height,
            previous=self.previous,
            document=self.document,
            dates=self.dates.copy(),
            cards=dict(self.cards),
            epochs=Epochs({purpose: list(of) for purpose, of in self.epochs.spans.items()}),
            outstanding=Outstanding(dict(self.outstanding.signals), dict(self.outstanding.locates)),
            allowances=self.allowances.copy(),
            recent={day: _Added(ids) for day, ids in self.recent.items()},
            posted={day: dict(by) for day, by in self.posted.items()},
        )

    def rule(self, kind: str) -> Rule:
        """Return the rules of `kind` as of the next block."""
        if self.document is None:
            return PROTOCOLS[1]["consortium"]
        return rule_of(kind, self.document)

    def admit(self, admission: Admission, signed: SignedEntry | None) -> None:
        """Check a verified entry against the chain and take it in, or change nothing.

        `signed` may be None for the kinds with a stored-line.

        Raises:
            RefusedError: the entry is skipped.
            UpgradeRequiredError: it installs a protocol that is not known.
        """
        rule = self.rule(admission.kind)
        self._verify_timely(admission, rule)
        is_beyond = self._verify_new(admission)
        rule.admit(admission, signed, self)
        if is_beyond:
            self.allowances.use(admission.author, admission.kind)
        self.remember(admission)
        if admission.stored_by and self.dates.attest(
            (admission.author, *admission.stored_by), admission.day
        ):
            self._settle()

    def advance(self, block: bytes) -> None:
        """Make `block` the one that the next must name."""
        self.previous = block_hash(block)
        self.height += 1

    def install(self, document: Consortium) -> None:
        """Make `document` the one in force; see `ledger.rules.kind.Chain`."""
        if document.protocol not in PROTOCOLS:
            raise UpgradeRequiredError(
                f"upgrade-required: block {self.height} begins protocol {document.protocol}; "
                "install a version of this software that has it"
            )
        before, self.document = self.issuers, document
        self.outstanding.excuse(before - self.issuers)
        self._settle()

    @property
    def chain_day(self) -> date | None:
        """Return the chain's date, or None before there is one."""
        return self.dates.day

    @property
    def issuers(self) -> frozenset[str]:
        """Return the names of the issuers in force."""
        return (
            frozenset()
            if self.document is None
            else frozenset(member.name for member in self.document.issuers)
        )

    def is_stale(self, day: date) -> bool:
        """Tell whether an entry of `day` comes too late for the chain's date."""
        return self.chain_day is not None and day < self.chain_day - STALE_AFTER

    def remember(self, admission: Admission) -> None:
        """Keep what tells a repeat and fills a quota; after a restart, call it for recent days."""
        # A document may be older than what a restarted node reads back; its version alone
        # tells a repeat, and it must not count for a quota at one node and not at another.
        if self.is_stale(admission.day):
            return
        self.recent.setdefault(admission.day, set()).add(admission.id)
        posted = self.posted.setdefault(admission.day, {})
        by = (admission.author, admission.kind)
        posted[by] = posted.get(by, 0) + 1

    def _header(self) -> bytes:
        origin = self.document.origin if self.document is not None else ""
        return block_header(origin=origin, height=self.height, previous=self.previous)

    def _verify_timely(self, admission: Admission, rule: Rule) -> None:
        if rule.can_stale and self.is_stale(admission.day):
            raise RefusedError("stale", f"dated over two days before {self.chain_day}")

    def _verify_new(self, admission: Admission) -> bool:
        """Check that the entry is none of before; tell whether it is one beyond its quota."""
        if admission.id in self.recent.get(admission.day, ()):
            raise RefusedError("duplicate", "this entry is on the chain already")
        if self.document is None:
            return False
        quota = self.document.quota.get(admission.kind)
        by = (admission.author, admission.kind)
        count = self.posted.get(admission.day, {}).get(by, 0)
        if quota is None:
            return False
        if self._is_ahead(admission.day):
            # Else there would be a quota for each of the days to come, and they do not end.
            ahead = sum(on.get(by, 0) for day, on in self.posted.items() if self._is_ahead(day))
            if ahead >= quota * LONGEST_STANDSTILL_DAYS:
                raise RefusedError(
                    "over-quota", f"{admission.author} has dated too much after {self.chain_day}"
                )
        if count < quota:
            return False
        if not self.allowances.is_left(admission.author, admission.kind):
            raise RefusedError(
                "over-quota", f"{admission.author} may post {quota} of this kind a day"
            )
        return True

    def _is_ahead(self, day: date) -> bool:
        return self.chain_day is None or day > self.chain_day

    def _settle(self) -> None:
        document = self.document
        if document is None or not self.dates.settle(
            {witness.name for witness in document.witnesses}, quorum=document.quorum
        ):
            return
        for past in [d for d in self.recent if self.is_stale(d)]:
            del self.recent[past]
            self.posted.pop(past, None)


class _Added(set[Digest]):
    """Ids that a trial adds to the many that the chain has."""

    def __init__(self, known: set[Digest]) -> None:
        super().__init__()
        self._known = known

    def __contains__(self, entry_id: object) -> bool:
        return super().__contains__(entry_id) or entry_id in self._known


def founding_document(signed: SignedEntry) -> Consortium:
    """Return the document that a founding entry carries, whose keys verify the entry itself.

    Raises:
        RefusedError: not a consortium entry, or its document is not sound.
        UpgradeRequiredError: it begins with a protocol that is not known.
    """
    if signed.entry.kind != "consortium":
        raise RefusedError("no-document", "a chain begins with its founding consortium entry")
    document = read_document(signed)
    if document.protocol not in PROTOCOLS:
        raise UpgradeRequiredError(f"upgrade-required: protocol {document.protocol} is not known")
    return document

"""`consortium`: the members agree on a new version of the document.

Further lines: the document, verbatim. No commitment. The lines after the author's are approvals by
other members, sorted. Version 1 is signed by every member it names, with the keys it names; a later
one by a quorum of all members before it, with the keys they had; and by every independent where it
touches what protects people (`_PROTECTED`) or what the document says of an independent.
"""

from ledger.consortium import NO_PREVIOUS_DOCUMENT, Consortium
from ledger.consortium_toml import decode_consortium
from ledger.entry import SignedEntry
from ledger.errors import ConsortiumError, RefusedError
from ledger.rules.kind import Admission, Chain, verify_other_lines

_PROTECTED = (
    "groups",
    "purposes",
    "bases",
    "disclosures",
    "retention",
    "k",
    "quorum",
    "quota",
    "profile",
)


class ConsortiumRule:
    """The rules of `consortium` (protocol 1)."""

    role: str | None = None
    can_stale = False

    def verify(self, signed: SignedEntry, document: Consortium) -> None:
        """Check the document and its approvals; see `Rule`."""
        if signed.entry.commitment is not None:
            raise RefusedError("commitment", "a consortium entry has none")
        if read_document(signed).origin != document.origin:
            raise RefusedError("wrong-origin", "the document is of another ledger")
        verify_other_lines(signed, document, reason="approval")

    def admit(self, admission: Admission, signed: SignedEntry | None, chain: Chain) -> None:
        """Check the step from the document in force and install the new one; see `Rule`."""
        del admission
        if signed is None:
            raise RefusedError("malformed", "a consortium entry is needed whole")
        new = read_document(signed)
        # `verify` resolved every line, so names alone are enough here.
        keys = (chain.document or new).entry_keys
        signers = {keys[(line.name, line.key_id)][0] for line in signed.lines}
        if chain.document is None:
            _verify_founding(new, signers)
        else:
            _verify_successor(chain.document, new, signers)
        chain.install(new)


def read_document(signed: SignedEntry) -> Consortium:
    """Return the document that a consortium entry carries.

    Raises:
        RefusedError: for `document`; the text names the place.
    """
    try:
        return decode_consortium(signed.entry.further)
    except ConsortiumError as cause:
        raise RefusedError("document", str(cause)) from cause


def missing_approvals(
    new: Consortium, *, current: Consortium | None, signers: set[str]
) -> list[str]:
    """Return whose signatures `new` still needs, in words; empty when it has enough."""
    if current is None:
        return sorted(set(new.by_name) - signers)
    missing = []
    if is_protected_change(current, new):
        missing = sorted(current.independents - signers)
    if (lacking := current.approvals - len(signers)) > 0:
        missing.append(f"{lacking} more of {', '.join(sorted(set(current.by_name) - signers))}")
    return missing


def is_protected_change(current: Consortium, new: Consortium) -> bool:
    """Tell whether the step needs every independent: neutral desks and its own keys count too."""
    # Else a quorum could first put a key of its own in an independent's place, then sign with it.
    if any(current.by_name[name] != new.by_name.get(name) for name in current.independents):
        return True
    neutral = [
        {(desk.number, desk.name) for desk in document.desks if desk.neutral}
        for document in (current, new)
    ]
    return neutral[0] != neutral[1] or any(
        getattr(current, field) != getattr(new, field) for field in _PROTECTED
    )


def _verify_founding(new: Consortium, signers: set[str]) -> None:
    if new.version != 1 or new.previous != NO_PREVIOUS_DOCUMENT:
        raise RefusedError("version", "the founding document has version 1 and no previous one")
    if missing := missing_approvals(new, current=None, signers=signers):
        raise RefusedError("approval", f"not signed by {', '.join(missing)}")


def _verify_successor(current: Consortium, new: Consortium, signers: set[str]) -> None:
    if new.version != current.version + 1 or new.previous != current.digest:
        raise RefusedError(
            "version",
            f"expected version {current.version + 1} after {current.digest.hex()}",
        )
    if missing := missing_approvals(new, current=current, signers=signers):
        raise RefusedError("approval", f"not signed by {', '.join(missing)}")

"""`answer`: an issuer answers the locates of others, with a frame for the author of each.

Further lines: the heights of 1 to 64 `locate` blocks, each awaiting an answer by this author;
`<height> missing` where their items could not be had for a day. Stored-lines: one or more, by the
authors addressed, or by a custodian where none of them is reachable.
"""

from ledger.consortium import Consortium
from ledger.entry import SignedEntry
from ledger.errors import RefusedError
from ledger.outstanding import ANSWER_WITHIN
from ledger.rules.kind import Admission, Chain, verify_commitment_point, verify_stored
from ledger.rules.locate import read_heights


class AnswerRule:
    """The rules of `answer` (protocol 1)."""

    role: str | None = "issuer"
    can_stale = True

    def verify(self, signed: SignedEntry, document: Consortium) -> None:
        """Check heights, commitment and stored-lines; see `Rule`."""
        read_heights(signed.entry.further)
        verify_commitment_point(signed)
        issuers = {member.name for member in document.issuers}
        verify_stored(signed, document, by=issuers | set(document.custodians))

    def admit(self, admission: Admission, signed: SignedEntry | None, chain: Chain) -> None:
        """Check that each height awaits this author's answer, once, and take it in."""
        del signed
        heights = read_heights(admission.further)
        addressed = set()
        for height in heights.named:
            known = chain.outstanding.locates.get(height)
            if known is None or admission.author not in known.waiting:
                raise RefusedError(
                    "heights", f"block {height} awaits no answer of {admission.author}'s"
                )
            if height in heights.missing and admission.day < known.day + ANSWER_WITHIN:
                raise RefusedError("heights", f"block {height} cannot be missing on its own day")
            addressed.add(known.author)
        custodians = set() if chain.document is None else set(chain.document.custodians)
        if strangers := set(admission.stored_by) - addressed - custodians:
            raise RefusedError(
                "stored-line", f"{', '.join(sorted(strangers))} is not addressed by this answer"
            )
        for height in heights.named:
            chain.outstanding.answered(height, by=admission.author)

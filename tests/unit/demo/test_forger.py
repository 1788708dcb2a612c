"""What the altered node of the story sends is as good a forgery as its issuer's own keys make."""

from dataclasses import replace

import pytest

from demo.forger import FALSE, forge
from demo.people import people
from ledger.claims import verify_sdjwt
from ledger.disclosure import disclose, verify_disclosure
from ledger.errors import VerificationError
from ledger.sdjwt import SdJwt
from tests.support.signers import NOON
from tests.unit.ledger.test_disclosure import ANN, FIELDS, POSTED, UWV

TRUE = disclose(POSTED.body, POSTED.sdjwt, fields=["theme"])
FORGED = forge(TRUE, {"theme": "wonen"}, key=UWV.sdjwt)


def test_a_forged_value_stands_under_a_good_signature_beside_what_is_true() -> None:
    (item,) = FORGED.share.items
    signed = SdJwt(item.content.decode(), FORGED.disclosures)

    claims = verify_sdjwt(signed, key=UWV.sdjwt.verifier, now=NOON)

    assert (claims["theme"], claims["bsn"]) == ("wonen", ANN.digits)


def test_every_digest_of_a_forgery_is_right() -> None:
    (item,) = FORGED.share.items

    assert FORGED.share.digests[item.index] == item.digest
    assert FORGED.share.digests[:2] == TRUE.share.digests[:2]


def test_only_the_commitment_gives_a_forgery_away() -> None:
    def verify(shown: object) -> dict[str, str]:
        return verify_disclosure(
            shown,  # type: ignore[arg-type]
            entry=POSTED.entry,
            key=UWV.sdjwt.verifier,
            bsn=ANN,
            granted=["theme"],
            now=NOON,
        )

    assert verify(TRUE) == {"theme": FIELDS["theme"]}
    with pytest.raises(VerificationError, match="the items do not open the commitment"):
        verify(FORGED)
    with pytest.raises(VerificationError, match="item 2 is not what its digest says"):
        verify(replace(FORGED, share=replace(FORGED.share, digests=TRUE.share.digests)))


def test_what_the_story_forges_is_not_what_it_posted() -> None:
    person = next(p for p in people(100) if p.agencies == {"uwv", "svb"})
    posted = next(s for s in person.signals if s.agency == "uwv")

    assert {field: posted.fields[field] for field in FALSE}.items().isdisjoint(FALSE.items())

"""What is drafted from a posting."""

import json
import secrets
from datetime import UTC, datetime, timedelta

import pytest

from ledger.bsn import synthetic_numbers
from ledger.group import Scalar
from ledger.rules.signal import ALPHA, CONTENT, JWT, verify_signal_share
from ledger.sdjwt import SdJwt, from_base64url, own_claims, read_disclosure
from ledger.seal import SealContext, SealingKey, open_sealed
from ledger.voprf import Alpha, blind, person_input
from nodes.signal import KEPT, Draft, Posting, draft_signal
from tests.support.cluster import FIELDS, posting_of
from tests.support.consortium import Founded, found
from tests.support.fakes import NOON

ANN = next(synthetic_numbers())


@pytest.fixture(scope="module")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Founded:
    return found(tmp_path_factory.mktemp("consortium"))


def draft(founded: Founded, posting: Posting | None = None) -> Draft:
    return draft_signal(
        posting or posting_of("uwv", bsn=ANN),
        keyring=founded.keyring("uwv"),
        day=NOON.date(),
        random=secrets.token_bytes,
    )


def test_the_whole_body_opens_the_commitment(founded: Founded) -> None:
    made = draft(founded)

    for indexes in ((ALPHA,), (CONTENT,), (JWT,), (ALPHA, CONTENT, JWT)):
        verify_signal_share(made.body.share(indexes), made.signed.entry)


def test_alpha_is_the_blinded_person_for_the_purpose(founded: Founded) -> None:
    made = draft(founded)

    alpha = Alpha.decode(made.body.items[ALPHA].content)

    assert alpha == Alpha("multiproblematiek", blind(person_input(ANN), blinding=made.blind))


def test_the_content_opens_for_the_recovery_key_alone(founded: Founded) -> None:
    made = draft(founded)
    context = SealContext(founded.document.origin, "signal", "uwv", NOON.date().isoformat())
    seed = (founded.root / "uwv" / "recovery.seed").read_bytes()

    opened = open_sealed(made.body.items[CONTENT].content, key=SealingKey(seed), context=context)

    kept = SdJwt.decode(opened.decode())
    claims = own_claims(kept, key=founded.keyring("uwv").sdjwt.verifier)
    assert kept.jwt == made.sdjwt.jwt
    assert FIELDS.items() <= claims.items()


def test_nothing_that_leaves_the_agency_holds_bsn_or_case_reference(founded: Founded) -> None:
    posting = Posting(ANN, "uwv/maatwerkplaats", "multiproblematiek", "CASE-4711", FIELDS)
    made = draft(founded, posting)

    shown = made.sdjwt.only({*FIELDS, "desk", "purpose"})
    spoken = "".join(read_disclosure(text).value for text in shown.disclosures)
    payload = from_base64url(shown.jwt.split(".")[1])
    outside = made.signed.encode() + made.body.share((0, 1, 2)).encode() + payload + spoken.encode()

    assert ANN.digits.encode() not in outside
    assert b"CASE-4711" not in outside
    assert ANN.digits not in repr(posting) + repr(made)
    assert "CASE-4711" not in repr(posting) + repr(made)


def test_the_bsn_opens_with_a_salt_that_stays_with_the_agency(founded: Founded) -> None:
    made = draft(founded)
    context = SealContext(founded.document.origin, "signal", "uwv", NOON.date().isoformat())
    seed = (founded.root / "uwv" / "recovery.seed").read_bytes()

    content = open_sealed(made.body.items[CONTENT].content, key=SealingKey(seed), context=context)

    (of_bsn,) = made.sdjwt.only({"bsn"}).disclosures
    assert read_disclosure(of_bsn).value == ANN.digits
    # Not even whoever has the recovery key could try all numbers: the salt is not there.
    assert of_bsn not in content.decode()
    assert of_bsn.encode() not in b"".join(item.content for item in made.body.items)


def test_what_is_said_can_be_shown_as_long_as_a_signal_is_kept(founded: Founded) -> None:
    made = draft(founded)
    kept = made.body.items[JWT].content.decode().split(".")[1]

    until = datetime.fromtimestamp(json.loads(from_base64url(kept))["exp"], UTC)

    assert until.date() == NOON.date() + KEPT + timedelta(days=1)


def test_two_drafts_about_one_person_have_nothing_in_common(founded: Founded) -> None:
    first, second = draft(founded), draft(founded)

    assert first.signed.entry.commitment != second.signed.entry.commitment
    assert first.body.items[ALPHA].content != second.body.items[ALPHA].content
    assert set(first.body.digests).isdisjoint(second.body.digests)
    assert isinstance(first.blind, Scalar)
    assert first.blind != second.blind


def test_every_content_is_of_one_size_whatever_it_says(founded: Founded) -> None:
    sizes = {
        len(draft(founded, posting_of("uwv", bsn=ANN, **changed)).body.items[CONTENT].content)
        for changed in (
            {"regulation": "WW", "theme": "zorg", "helpQuestion": "rust"},
            {"regulation": "Wajong", "theme": "grensoverschrijdend", "helpQuestion": "begeleiding"},
        )
    }

    assert len(sizes) == 1

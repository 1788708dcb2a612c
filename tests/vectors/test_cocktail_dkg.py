"""c2sp.org/cocktail-dkg, suite COCKTAIL(Ristretto255, SHA-512): 2 of 3, 3 of 5, 7 of 14, payloads.

The file holds no ephemeral secrets. That every ciphertext is the one that its sender makes is seen
from its recipient, who has the same two points.
"""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ledger.dkg.contribution import Contribution, proved
from ledger.dkg.envelope import Route
from ledger.dkg.rounds import accept, certify, exchange, open_share, verify_certificate
from ledger.dkg.session import SUITE, Session
from ledger.dkg.signature import Signature, sign
from ledger.group import Point, Scalar, sum_points, sum_scalars

NONCE_PREFIX = b"COCKTAIL-DKG-Ristretto255-SHA512-NONCE"


def raw(text: str) -> bytes:
    return bytes.fromhex(text)


class Published:
    """One vector of the file, read into this package's types."""

    def __init__(self, vector: dict[str, Any]) -> None:
        self.vector = vector
        config = vector["config"]
        self.statics = [Scalar(raw(key)) for key in config["static_secret_keys"]]
        self.session = Session(
            raw(vector["session_tag"]),
            vector["t"],
            tuple(Point(raw(key)) for key in config["static_public_keys"]),
            raw(vector["extension"]),
        )
        self.contributions = [
            Contribution(
                tuple(Point(raw(point)) for point in sent["vss_commitment"]),
                Signature.decode(raw(sent["pop"])),
                Point(raw(sent["ephemeral_public_key"])),
                tuple(raw(share) for share in sent["encrypted_shares"]),
            )
            for sent in vector["round1"]
        ]

    @property
    def messages(self) -> list[bytes]:
        return [one.encode() for one in self.contributions]


@pytest.fixture(scope="module")
def published(vectors: Path) -> list[Published]:
    content = json.loads((vectors / "cocktail-dkg-ristretto255-sha512.json").read_text())
    assert content["ciphersuite"].encode() == SUITE
    found = [Published(vector) for vector in content["vectors"]]
    assert [(one.vector["t"], one.vector["n"]) for one in found] == [
        (2, 3),
        (3, 5),
        (7, 14),
        (2, 3),
    ]
    return found


def pairs(one: Published) -> Iterator[tuple[int, int, Route]]:
    size = range(1, one.session.size + 1)
    for sender in size:
        for recipient in size:
            ephemeral = one.contributions[sender - 1].ephemeral
            yield sender, recipient, Route(one.session, sender, recipient, ephemeral)


def test_contexts_are_the_published_ones(published: list[Published]) -> None:
    for one in published:
        assert one.session.context.hex() == one.vector["context"]


def test_every_proof_is_the_one_that_the_published_secret_makes(
    published: list[Published],
) -> None:
    for one in published:
        for sent, known in zip(one.contributions, one.vector["round1"], strict=True):
            between = known["pop_intermediate"]
            message = proved(one.session.context, sent.commitments, sent.ephemeral)
            secret = Scalar(raw(between["nonce_input"])[len(NONCE_PREFIX) :][:32])

            assert message.hex() == between["message"]
            assert sign(message, secret=secret).encode().hex() == known["pop"]


def test_every_share_is_encrypted_to_the_published_bytes(published: list[Published]) -> None:
    for one in published:
        payloads = [raw(payload) for payload in one.vector.get("payloads", ())]
        for sender, recipient, route in pairs(one):
            sent = one.contributions[sender - 1]
            exchanged = exchange(route, static=one.statics[recipient - 1])
            share, payload = open_share(route, sent, exchanged)

            again = route.encrypt(share.encode() + payload, exchanged)

            assert again == sent.ciphertext_for(recipient)
            assert payload == (payloads[sender - 1] if payloads else b"")


def test_every_participant_accepts_the_published_share_and_signs_the_published_transcript(
    published: list[Published],
) -> None:
    for one in published:
        expected = one.vector["round3"]
        for me, static in enumerate(one.statics, start=1):
            accepted = accept(one.session, me=me, static=static, contributions=one.messages)
            known = one.vector["round2"][me - 1]

            assert accepted.share.encode().hex() == known["secret_share"]
            assert accepted.publics[me - 1].encode().hex() == known["verification_share"]
            digest = hashlib.sha512(accepted.transcript).hexdigest()
            assert digest == expected["transcript_hash"]
            signature = certify(accepted.transcript, static=static).encode().hex()
            assert signature == expected["signatures"][me - 1]["signature"]
        signatures = [raw(known["signature"]) for known in expected["signatures"]]
        verify_certificate(one.session, accepted.transcript, signatures)


def test_the_groups_public_keys_are_the_published_ones(published: list[Published]) -> None:
    for one in published:
        key = sum_points([sent.commitments[0] for sent in one.contributions])

        assert key.encode().hex() == one.vector["group_public_key"]


def test_a_lost_share_comes_back_from_the_published_ciphertexts(
    published: list[Published],
) -> None:
    recoverable = [one for one in published if "recovery" in one.vector]
    assert len(recoverable) == 2

    for one in recoverable:
        known = one.vector["recovery"]
        shares = []
        for sent, ciphertext in zip(one.contributions, known["ciphertexts"], strict=True):
            assert sent.ciphertext_for(known["participant_id"]) == raw(ciphertext)
            sender = one.contributions.index(sent) + 1
            route = Route(one.session, sender, known["participant_id"], sent.ephemeral)
            exchanged = exchange(route, static=one.statics[known["participant_id"] - 1])
            shares.append(open_share(route, sent, exchanged)[0])

        assert sum_scalars(shares).encode().hex() == known["recovered_secret_share"]

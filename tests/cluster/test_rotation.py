"""All members change all their keys while their nodes run, by one governance entry."""

from pathlib import Path

import pytest

from ledger.consortium import Consortium
from ledger.consortium_chain import ConsortiumChain, Versions, verify_consortium_chain
from ledger.cosignature import post_quantum_cosigners
from ledger.entry import SignedEntry
from ledger.receipt import Receipt, verify_by_documents
from ledger.rules.consortium import read_document
from nodes import ceremony
from nodes.rotation import make_generation
from tests.support.bench import Bench, benches, run
from tests.support.consortium import ROLES, RULES, Founded, found
from tests.support.signers import ORIGIN


@pytest.fixture
def founded(tmp_path: Path) -> Founded:
    return found(tmp_path)


def rotate(founded: Founded, *names: str) -> bytes:
    """Make new keys of these members; return the entry that brings them, signed by all."""
    for name in names:
        make_generation(founded.root / name / "keys")
    rings = {name: founded.keyring(name) for name in ROLES}
    cards = [
        ceremony.member_card(ring, title=name.upper(), oin=f"00000099{i:012}", roles=ROLES[name])
        for i, (name, ring) in enumerate(rings.items())
    ]
    document = ceremony.draft_document(RULES.read_text(), cards, previous=founded.document)
    entry = ceremony.draft_entry(document, author="uwv", day=founded.founding.entry.day)
    signed = ceremony.decode_draft(ceremony.encode_draft(entry))
    for ring in rings.values():
        ring.follow(founded.document)
        signed = ceremony.sign_draft(signed, ring)
    return signed.encode()


def live(*members: Bench) -> None:
    for member in members:
        member.deliver()
        for work in (member.node.witness, member.node.effects):
            member.start(work.run())
        member.start(member.node._announce())


async def posted(bench: Bench) -> tuple[int, Receipt]:
    """Post, and return height and receipt once it is final."""
    local_id = await bench.post(key=str(bench.node.progress.final.value))
    await bench.node.outbox.wait_final(local_id, timeout=30)
    outcome = bench.node.counter.signal(local_id)
    assert outcome.receipt is not None, "no quorum after a minute"
    receipt = Receipt.decode(outcome.receipt)
    return receipt.index, receipt


def has_new_keys(bench: Bench) -> bool:
    ring = bench.node.keyring
    return len(ring.generations) == 2 and ring.entry == ring.generations[1].entry


def document_of(entry: bytes) -> Consortium:
    return read_document(SignedEntry.decode(entry))


def verify(receipt: Receipt, versions: Versions) -> None:
    verify_by_documents(receipt, origin=ORIGIN, in_force=versions.in_force)


def test_posting_goes_on_with_new_keys_and_every_receipt_verifies_from_the_founding_document(
    founded: Founded,
) -> None:
    async def scenario() -> None:
        async with benches(founded, *ROLES) as members:
            uwv, svb, szw, bzk = members
            live(*members)
            height, old = await posted(uwv)
            entry = rotate(founded, *ROLES)

            await szw.node.governance.submit(entry)
            await uwv.until(
                lambda: all(m.node.replica.document == document_of(entry) for m in members)
            )
            _, new = await posted(svb)

            chain = svb.node.log.consortium_chain(is_inside=True)
            chain = ConsortiumChain.decode(chain.encode())
            for trusted in (founded.document, document_of(entry)):
                versions = verify_consortium_chain(chain, trusted=trusted)
                for receipt in (old, new, bzk.node.log.receipt(height, is_inside=True)):
                    verify(receipt, versions)
            assert all(has_new_keys(member) for member in members)
            # What was signed with the key of its day still shows what it says.
            assert uwv.node.counter.body(height).claims

    run(scenario())


def test_what_was_signed_before_the_keys_changed_is_signed_anew(founded: Founded) -> None:
    async def scenario() -> None:
        async with benches(founded, *ROLES) as members:
            uwv, svb, szw, bzk = members
            live(svb, szw, bzk)
            # Nothing of UWV's is on its way while the others agree on new keys.
            local_id = await uwv.post()
            await svb.node.governance.submit(rotate(founded, *ROLES))
            await svb.until(lambda: has_new_keys(bzk))

            live(uwv)
            await uwv.node.outbox.wait_final(local_id, timeout=30)

            (own,) = uwv.own()
            block = uwv.block_of(local_id)
            assert own.is_final
            assert block is not None
            line = block.signed.lines[0]
            assert line.key_id == uwv.node.keyring.generations[1].entry.verifier.id
            assert uwv.node.counter.body(block.height).claims

    run(scenario())


def test_a_dispatch_that_was_signed_before_the_keys_changed_is_made_anew(
    founded: Founded,
) -> None:
    async def scenario() -> None:
        async with benches(founded, "uwv") as (uwv,):
            courier, database = uwv.node.courier, uwv.node.database
            before = courier.draft("locate", further="5\n", contents=[bytes(80)], routes={})
            await uwv.node.writer.do(lambda c: courier._dispatches.add(c, before))
            assert await courier._fresh(before) == before

            await uwv.apply(rotate(founded, *ROLES))
            after = await courier._fresh(before)

            assert after.signed.lines[0].key_id == uwv.node.keyring.entry.verifier.id
            assert after.signed.id != before.signed.id
            with database.read() as connection:
                assert courier._dispatches.waiting(connection) == [after.signed.id]

    run(scenario())


def test_what_strangers_see_bears_the_new_post_quantum_keys(founded: Founded) -> None:
    async def scenario() -> None:
        async with benches(founded, *ROLES) as members:
            uwv, *_ = members
            live(*members)
            entry = rotate(founded, *ROLES)
            await uwv.node.governance.submit(entry)
            await posted(uwv)

            await uwv.node.publisher.publish(1)

            signed = uwv.node.log.checkpoint(is_inside=False)
            witnesses = document_of(entry).witnesses
            assert post_quantum_cosigners(signed, members=witnesses) == set(ROLES)

    run(scenario())


def test_cards_follow_and_after_a_start_others_seal_to_the_new_key(founded: Founded) -> None:
    async def scenario() -> None:
        async with benches(founded, "uwv", "szw", "bzk") as others:
            uwv, *_ = others
            live(*others)

            async def version(number: int) -> None:
                await uwv.until(lambda: uwv.node.replica.state.cards["svb"].version == number)

            async with Bench(
                founded, "svb", clock=uwv.clock, wires=uwv.wires, order=uwv.order
            ) as svb:
                live(svb)
                old = svb.node.keyring.sealing.public
                await uwv.node.governance.submit(rotate(founded, *ROLES))
                await version(2)
                assert has_new_keys(svb)
                assert await uwv.node.peers.sealing_key("svb") == old

            async with Bench(
                founded, "svb", clock=uwv.clock, wires=uwv.wires, order=uwv.order
            ) as svb:
                live(svb)
                await version(3)
                new = svb.node.keyring.generations[1].sealing.public
                assert await uwv.node.peers.sealing_key("svb") == new

    run(scenario())


def test_a_size_from_before_is_cosigned_with_the_keys_that_counted_there(founded: Founded) -> None:
    async def scenario() -> None:
        async with benches(founded, "uwv") as (uwv,):
            before = uwv.node.replica.tip
            await uwv.apply(rotate(founded, *ROLES))
            after = uwv.node.replica.tip
            assert before is not None
            assert after is not None

            old = await uwv.node.witness.cosign(before, timeout=0)
            new = await uwv.node.witness.cosign(after, timeout=0)

            first, second = uwv.node.keyring.generations
            assert old.key_id == first.cosigning.verifier.id
            assert new.key_id == second.cosigning.verifier.id

    run(scenario())


def test_one_member_may_rotate_alone(founded: Founded) -> None:
    async def scenario() -> None:
        async with benches(founded, *ROLES) as members:
            uwv, svb, *_ = members
            live(*members)
            before = svb.node.keyring.entry
            await uwv.node.governance.submit(rotate(founded, "uwv"))
            await uwv.until(lambda: has_new_keys(uwv))

            for member in members[:3]:
                await posted(member)

            assert svb.node.keyring.entry == before

    run(scenario())

"""Items and frames that are not what they should be are refused, void, or missing in public."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import Connection, update

from ledger.answer import MatchCard, SlotContext, seal_slot
from ledger.block import Block
from ledger.body import Item, Share
from ledger.entry import SignedEntry
from ledger.errors import RefusedError
from ledger.heights import Heights
from nodes.custodian import read_answers, seal_push
from nodes.peers.port import ITEMS, PUSH
from nodes.store.dispatches import Dispatch
from nodes.store.tables import FrameRow, WantedRow
from tests.support.agencies import Agencies, Placed, is_a, meeting, verify_pair
from tests.support.consortium import url_of

_frame = FrameRow.__table__  # type: ignore[attr-defined]
Spoil = Callable[[Share], Share]


@pytest.fixture(scope="module")
def agencies(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Agencies]:
    with meeting(tmp_path_factory.mktemp("agencies")) as agencies:
        yield agencies


def answer_instead(agencies: Agencies, name: str, card: MatchCard, *, about: Any) -> None:
    """Let a member answer its next `locate` with that card, under the key that opens it."""
    node = agencies.cluster[name]
    prober = node.answering._prober
    honest = prober.others_locate
    y = agencies.pseudonym(name, about)

    def lie(connection: Connection, *, height: int, signed: SignedEntry, share: Share) -> list[str]:
        met = honest(connection, height=height, signed=signed, share=share)
        slots = []
        for position, located in enumerate(Heights.decode(signed.entry.further).named):
            signal = prober.matcher.signal_of(connection, located, signed.entry.author)
            assert signal is not None
            key = y.answer_key(answerer=name, signal=signal, locate=signed.id)
            context = SlotContext(name, signed.id, position)
            slots.append(seal_slot([card], key=key, context=context, random=prober._random))
        content = b"".join(slots)
        connection.execute(update(_frame).where(_frame.c.height == height).values(content=content))
        prober.others_locate = honest  # type: ignore[method-assign]
        return met

    prober.others_locate = lie  # type: ignore[method-assign]


def of_another(agencies: Agencies, others: Placed) -> int:
    return others.height


def of_a_locate(agencies: Agencies, others: Placed) -> int:
    return agencies.heights("locate", author="uwv")[-1]


def beyond_the_chain(agencies: Agencies, others: Placed) -> int:
    return 2**62


@pytest.mark.parametrize("false", [of_another, of_a_locate, beyond_the_chain])
def test_a_slot_that_names_what_is_no_signal_of_its_answerer_is_void_and_counted(
    agencies: Agencies, false: Callable[[Agencies, Placed], int]
) -> None:
    async def story() -> None:
        person = agencies.person()
        _, szw = await agencies.post_answered(("uwv", person), ("szw", agencies.person()))
        void = agencies.refusals("svb")["void-slot"]
        answer_instead(agencies, "uwv", MatchCard(false(agencies, szw), 1), about=person)

        (theirs,) = await agencies.post_answered(("svb", person))

        assert agencies.met(theirs) == set()
        assert agencies.refusals("svb")["void-slot"] == void + 1

    agencies.run(story())


def altered(share: Share) -> Share:
    item = share.items[0]
    spoilt = Item(item.index, item.salt, b"\3" * len(item.content))
    return Share((spoilt, *share.items[1:]), share.digests, share.r)


def incomplete(share: Share) -> Share:
    return Share(share.items[1:], share.digests, share.r)


def misnumbered(share: Share) -> Share:
    return Share(share.items, (*share.digests, share.digests[0]), share.r)


def other_digests(share: Share) -> Share:
    return Share(share.items, share.digests[::-1], share.r)


async def push(agencies: Agencies, dispatch: Dispatch, share: Share) -> object:
    """Push a share of a dispatch from SVB to SZW, and return SZW's answer to it."""
    svb = agencies.cluster["svb"]
    payload = seal_push(
        [(dispatch.signed.encode(), share.encode())],
        to=await svb.peers.sealing_key("szw"),
        origin=svb.keyring.origin,
        sender="svb",
        day=agencies.cluster.clock.today().isoformat(),
    )
    return read_answers(await svb.peers.ask("szw", PUSH, payload), count=1)[0]


@pytest.mark.parametrize("spoil", [altered, incomplete, misnumbered, other_digests])
def test_items_that_are_not_what_the_entry_commits_to_are_refused(
    agencies: Agencies, spoil: Spoil
) -> None:
    async def story() -> None:
        courier = agencies.cluster["svb"].courier
        dispatch = courier.draft(
            "locate", further="1\n2\n", contents=[bytes(80), b"\1" * 80], routes={}
        )
        share = Share.decode(dispatch.body)

        answer = await push(agencies, dispatch, spoil(share))

        assert isinstance(answer, RefusedError)
        assert not isinstance(await push(agencies, dispatch, share), RefusedError)

    agencies.run(story())


def test_items_of_another_size_are_refused(agencies: Agencies) -> None:
    async def story() -> None:
        courier = agencies.cluster["svb"].courier
        dispatch = courier.draft("locate", further="1\n", contents=[bytes(81)], routes={})

        answer = await push(agencies, dispatch, Share.decode(dispatch.body))

        assert isinstance(answer, RefusedError)

    agencies.run(story())


def test_items_that_are_withheld_for_a_day_are_missing_in_public(agencies: Agencies) -> None:
    async def story() -> None:
        person = agencies.person()
        (uwv,) = await agencies.post_answered(("uwv", person))
        svb, szw = url_of("svb"), url_of("szw")
        agencies.cluster.wires.lose_requests = lambda sender, url, message: (
            (sender, url) in {(svb, szw), (szw, svb)}
            and (is_a(message, PUSH) or is_a(message, ITEMS))
        )
        theirs = await agencies.post("svb", person)
        await agencies.cluster.until(lambda: agencies.standing(theirs).unanswered == ("szw",))
        await agencies.cluster.until(lambda: bool(agencies.met(uwv)))
        verify_pair(agencies, uwv, theirs)

        agencies.cluster.clock.turn(days=2)
        locate = agencies.heights("locate", author="svb")[-1]
        await agencies.cluster.until(lambda: agencies.answers()[locate, "szw"] == 1)
        agencies.cluster.wires.lose_requests = lambda *_: False
        await agencies.cluster.until_answered()

        answer = agencies.heights("answer", author="szw")[-1]
        entry = Block.decode(agencies.cluster.blocks("bzk")[answer]).signed.entry
        assert Heights.decode(entry.further) == Heights((locate,), frozenset({locate}))
        assert agencies.standing(theirs).unanswered == ()
        assert agencies.rows("szw", WantedRow) == 0
        assert agencies.cluster.audit("bzk").is_sound

    agencies.run(story())

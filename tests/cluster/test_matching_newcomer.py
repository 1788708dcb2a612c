"""What was under way when the consortium changed arrives: at a closing epoch, at a newcomer."""

import tomllib
from collections.abc import Iterator

import pytest
import tomli_w

from ledger.consortium import Consortium
from nodes import ceremony
from nodes.keyring import create_keyring
from nodes.peers.port import ITEMS, PUSH
from nodes.store.tables import WatchRow
from tests.support.agencies import Agencies, is_a, meeting, verify_pair
from tests.support.consortium import ORIGIN, ROLES, url_of

NEWCOMER = "duo"


@pytest.fixture(scope="module")
def agencies(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Agencies]:
    with meeting(tmp_path_factory.mktemp("agencies")) as agencies:
        yield agencies


def test_an_answer_that_is_on_its_way_when_its_epoch_closes_makes_its_match_at_both(
    agencies: Agencies,
) -> None:
    async def story() -> None:
        person, uwv = agencies.person(), url_of("uwv")
        (theirs,) = await agencies.post_answered(("svb", person))
        agencies.cluster.wires.lose_requests = lambda sender, url, message: (
            (url == uwv and is_a(message, PUSH)) or (sender == uwv and is_a(message, ITEMS))
        )
        ours = await agencies.post("uwv", person)
        await agencies.cluster.until(lambda: bool(agencies.met(theirs)))
        await agencies.cluster.open_epoch(2)
        await agencies.cluster.close_epoch(1)
        await agencies.cluster.until_settled()
        assert agencies.met(ours) == set()

        agencies.cluster.wires.lose_requests = lambda *_: False
        await agencies.cluster.until_answered()

        verify_pair(agencies, ours, theirs)
        watched = {name: agencies.rows(name, WatchRow) for name in ("uwv", "svb", "szw")}
        assert watched == dict.fromkeys(watched, 0)

    agencies.run(story())


def join(agencies: Agencies) -> Consortium:
    """Give the newcomer keys, and return the document in which it is an issuer and a witness."""
    founded = agencies.cluster.founded
    ring = create_keyring(
        founded.root / NEWCOMER / "keys",
        origin=ORIGIN,
        member=NEWCOMER,
        recovery=founded.root / NEWCOMER / "recovery.seed",
    )
    card = ceremony.member_card(
        ring, title="DUO", oin=f"00000099{99:012}", roles=("issuer", "witness")
    )
    draft = tomllib.loads(founded.document.raw)
    cards = [tomli_w.dumps(member) for member in draft.pop("member")]
    desk = {"number": 5, "name": "duo/maatwerk", "title": "DUO", "kind": "case", "neutral": True}
    draft["desk"].append(desk)
    draft["quorum"] = 4
    return ceremony.draft_document(tomli_w.dumps(draft), [*cards, card], previous=founded.document)


def test_an_issuer_that_joins_finds_what_others_posted_before_and_they_find_it(
    agencies: Agencies,
) -> None:
    async def story() -> None:
        person, nobody_else = agencies.person(), agencies.person()
        theirs, _ = await agencies.post_answered(("uwv", person), ("svb", nobody_else))
        document = join(agencies)
        draft = ceremony.draft_entry(document, author="uwv", day=agencies.cluster.clock.today())
        signed = ceremony.decode_draft(ceremony.encode_draft(draft))
        for name in ROLES:
            signed = ceremony.sign_draft(signed, agencies.cluster.founded.keyring(name))

        await agencies.cluster["uwv"].sequencer.submit([signed.encode()])
        agencies.cluster.enrol(NEWCOMER)
        await agencies.cluster.until(agencies.cluster.is_introduced)
        await agencies.cluster.until_settled()
        assert agencies.rows("uwv", WatchRow) == 3 * 16

        new = await agencies.post(NEWCOMER, person)
        await agencies.cluster.until_answered()
        verify_pair(agencies, new, theirs)
        assert agencies.met(new) == {("uwv", theirs.height)}

        later = await agencies.post("szw", person)
        await agencies.cluster.until_answered()
        verify_pair(agencies, later, new)
        verify_pair(agencies, later, theirs)
        assert agencies.standing(new).unanswered == agencies.standing(theirs).unanswered == ()

    agencies.run(story())

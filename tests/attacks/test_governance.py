"""SZW, UWV and SVB, a quorum, want BZK out of their way; and one of them brings back old documents.

They have all keys but BZK's, and may submit whatever they sign.
"""

from collections.abc import Mapping
from typing import Any

import pytest

from ledger.errors import ConsortiumError, RefusedError
from tests.support.chain import PURPOSE, ChainBuilder, make_card, make_founding, make_signal
from tests.support.epochs import closing, deal, opening
from tests.support.parties import Change, make_consortium, make_member
from tests.support.refusing import everything, refusal

FOUNDED = make_consortium()
AGENCIES = ("svb", "uwv")
"""All but SZW, which is the author, and BZK."""
EVERYBODY = ("bzk", *AGENCIES)


def puppets(draft: dict[str, Any]) -> None:
    """Add two members who do as they are told, and raise the quorum as the rules then want it."""
    for number, name in enumerate(("duo", "cak")):
        draft["member"].append(make_member(name).table() | {"oin": f"00000099{number:012}"})
    draft.update(quorum=5)


def without_bzk(draft: dict[str, Any]) -> None:
    draft["member"] = [table for table in draft["member"] if table["name"] != "bzk"]
    draft["custodians"] = ["szw", "uwv", "svb"]
    draft["group"] = draft["group"][:1]


def keys_of_bzk(draft: dict[str, Any]) -> None:
    table = next(table for table in draft["member"] if table["name"] == "bzk")
    table.update(make_member("bzk", generation=2).table())


PLOTS: Mapping[str, Change] = {
    "BZK leaves": without_bzk,
    "its group ends": lambda draft: draft.update(group=draft["group"][:1]),
    "its group is independent no more": lambda d: d["group"][1].update(independent=False),
    "its keys become theirs": keys_of_bzk,
    "two puppets outvote it": puppets,
    "one agency's share is enough": lambda draft: draft["group"][0].update(threshold=1),
}
NO_DOCUMENTS: Mapping[str, Change] = {
    "its share goes to SZW": lambda draft: draft["group"][1].update(holders=["szw"]),
    "nobody holds its share": lambda draft: draft["group"][1].update(holders=[], threshold=0),
    "a quorum of two": lambda draft: draft.update(quorum=2),
}


@pytest.mark.parametrize("plot", PLOTS)
def test_three_agencies_voting_bzk_out_are_refused_by_every_node(plot: str) -> None:
    chain = ChainBuilder()
    before = everything(chain.state)
    document = FOUNDED.draft(PLOTS[plot]).document

    with pytest.raises(RefusedError) as caught:
        chain.apply(FOUNDED.propose(document, by=AGENCIES).encode())

    assert (caught.value.reason, caught.value.detail) == ("approval", "not signed by bzk")
    assert everything(chain.state) == before


@pytest.mark.parametrize("plot", NO_DOCUMENTS)
def test_some_ways_of_voting_bzk_out_make_no_document_that_even_bzk_could_sign(plot: str) -> None:
    with pytest.raises(ConsortiumError):
        FOUNDED.draft(NO_DOCUMENTS[plot])


def test_three_agencies_cannot_open_an_epoch_without_bzk() -> None:
    chain = ChainBuilder()
    epoch = deal(FOUNDED, 1).document

    assert refusal(chain.state, opening(FOUNDED, epoch, by=AGENCIES)) == "approval"


def test_three_agencies_can_close_every_epoch_and_raise_no_quota_without_bzk() -> None:
    """What they gain: they can end matching, in public. Quotas bound what a day can tell."""
    chain = ChainBuilder()
    chain.apply(opening(FOUNDED, deal(FOUNDED, 1).document))

    chain.apply(closing(FOUNDED, 1, by=AGENCIES))
    more = FOUNDED.draft(lambda draft: draft["quota"].update(signal=10**6)).document

    assert refusal(chain.state, FOUNDED.propose(more, by=AGENCIES).encode()) == "approval"
    assert chain.state.epochs.open_now(PURPOSE) == []


def test_a_replayed_governance_document_brings_no_old_rule_back() -> None:
    chain = ChainBuilder()
    first = FOUNDED.draft(lambda draft: draft["quota"].update(signal=5))
    approved = FOUNDED.propose(first.document, by=EVERYBODY)
    chain.apply(approved.encode())
    stricter = first.draft(lambda draft: draft["quota"].update(signal=1))
    chain.apply(first.propose(stricter.document, by=EVERYBODY).encode())

    # Long after everybody forgot the repeat, with the signatures that were good at the time.
    chain.post("svb")
    for days in range(1, 9):
        chain.post("svb", day=approved.entry.day.replace(day=approved.entry.day.day + days))
    replayed = [
        refusal(chain.state, approved.encode()),
        refusal(chain.state, make_founding(FOUNDED)),
        # And signed anew by all agencies, who would like the old one better.
        refusal(chain.state, stricter.propose(first.document, by=AGENCIES).encode()),
    ]

    assert replayed == ["version"] * 3
    assert chain.state.document == stricter.document


def test_a_replayed_epoch_document_reopens_nothing() -> None:
    chain = ChainBuilder()
    entry = opening(FOUNDED, deal(FOUNDED, 1).document)
    chain.apply(entry)
    chain.apply(closing(FOUNDED, 1))
    chain.post("svb", day=make_signal(FOUNDED).signed.entry.day.replace(day=28))

    assert refusal(chain.state, entry) == "epoch"
    assert refusal(chain.state, closing(FOUNDED, 1)) == "epoch"


def test_a_replayed_member_card_brings_no_old_address_or_key_back() -> None:
    chain = ChainBuilder()
    old = make_card(FOUNDED, "uwv", version=1)
    chain.apply(old)
    chain.apply(make_card(FOUNDED, "uwv", version=2))
    current = chain.state.cards["uwv"]

    assert refusal(chain.state, old) in {"duplicate", "version"}
    assert chain.state.cards["uwv"] == current

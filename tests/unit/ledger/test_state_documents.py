"""When a change of the document takes effect: keys, members, custodians and protocol."""

import pytest

from ledger.state import State, UpgradeRequiredError
from tests.support.chain import ChainBuilder, make_card, make_founding, make_signal
from tests.support.parties import Consortium, make_consortium, make_member
from tests.support.refusing import refusal


@pytest.fixture
def chain() -> ChainBuilder:
    return ChainBuilder()


def test_document_is_in_force_from_the_next_block_on(chain: ChainBuilder) -> None:
    held_by_szw = [make_signal(chain.consortium, number=n, by=("szw",)).raw for n in (1, 2)]

    chain.apply(held_by_szw[0])
    chain.amend(lambda draft: draft.update(custodians=["bzk"]))

    assert refusal(chain.state, held_by_szw[1]) == "stored-line"


def test_old_key_of_a_member_is_refused_once_it_was_changed(chain: ChainBuilder) -> None:
    old = chain.consortium
    changed = tuple(
        make_member("uwv", generation=2) if member.name == "uwv" else member
        for member in old.members
    )
    signed_with_new_key = make_signal(Consortium(changed, old.document), number=1).raw
    assert refusal(chain.state, signed_with_new_key) == "signature"

    chain.amend(members=changed)

    assert refusal(chain.state, make_signal(old, number=2).raw) == "signature"
    assert refusal(chain.state, make_signal(old, "svb", by=("uwv",)).raw) == "stored-line"
    assert refusal(chain.state, make_card(old, "uwv")) == "signature"
    assert chain.apply(signed_with_new_key).height == 2


def test_member_may_have_two_entry_keys_while_it_changes_them(chain: ChainBuilder) -> None:
    old, new = make_member("uwv"), make_member("uwv", generation=2)
    both = [old.entry.verifier.encode(), new.entry.verifier.encode()]
    with_new = Consortium(
        tuple(new if member.name == "uwv" else member for member in chain.consortium.members),
        chain.consortium.document,
    )
    chain.amend(lambda draft: _member(draft, "uwv").update(entry_keys=both))

    assert chain.apply(make_signal(chain.consortium, number=1).raw).height == 2
    assert chain.apply(make_signal(with_new, number=2).raw).height == 3


def test_stored_lines_by_both_keys_of_one_custodian_are_one_too_many(chain: ChainBuilder) -> None:
    old, new = make_member("bzk"), make_member("bzk", generation=2)
    both = [old.entry.verifier.encode(), new.entry.verifier.encode()]
    chain.amend(lambda draft: _member(draft, "bzk").update(entry_keys=both))
    signed = make_signal(chain.consortium).signed

    twice = signed.with_lines((new.entry.sign(signed.text),))

    assert refusal(chain.state, twice.encode()) == "stored-line"


def test_member_that_left_cannot_post(chain: ChainBuilder) -> None:
    def leave(draft: dict[str, object]) -> None:
        draft["custodians"] = ["bzk", "szw"]
        draft["desk"] = [d for d in _tables(draft, "desk") if d["name"] != "svb/de-bedoeling"]
        draft["disclosure"] = [
            d for d in _tables(draft, "disclosure") if d["desk"] != "svb/de-bedoeling"
        ]
        _tables(draft, "group")[0]["holders"] = ["szw", "uwv"]

    former = chain.consortium
    stayed = tuple(member for member in former.members if member.name != "svb")

    chain.amend(leave, members=stayed)

    assert refusal(chain.state, make_signal(former, "svb").raw) == "unknown-author"


def test_chain_stops_before_a_protocol_that_is_not_known(chain: ChainBuilder) -> None:
    height = chain.state.height

    with pytest.raises(UpgradeRequiredError, match="upgrade-required: block 1 begins protocol 2"):
        chain.amend(lambda draft: draft.update(protocol=2))

    assert chain.state.height == height


def test_chain_that_begins_with_an_unknown_protocol_is_not_read() -> None:
    later = make_consortium().draft(
        lambda draft: draft.update(version=1, previous="0" * 64, protocol=7)
    )

    with pytest.raises(UpgradeRequiredError, match="protocol 7"):
        State().apply(make_founding(later))


def _tables(draft: dict[str, object], key: str) -> list[dict[str, object]]:
    found = draft[key]
    assert isinstance(found, list)
    return found


def _member(draft: dict[str, object], name: str) -> dict[str, object]:
    return next(table for table in _tables(draft, "member") if table["name"] == name)

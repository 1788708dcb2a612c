"""The synthetic people: nobody's numbers, and signals that the rules admit."""

import tomllib
from pathlib import Path

import pytest

import demo
from demo.consortium import PROFILES
from demo.people import DESKS, PURPOSE, SITUATIONS, people
from demo.words import MEANINGS
from ledger.consortium import VOCABULARY, Consortium
from nodes.ceremony import draft_document, member_card
from nodes.keyring import create_keyring
from nodes.signal import Posting, verify_posting

RULES = (Path(demo.__file__).parent / "rules.toml").read_text()
MANY = 1000


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> Consortium:
    folder = tmp_path_factory.mktemp("members")
    cards = []
    for profile in PROFILES:
        keyring = create_keyring(
            folder / profile.name,
            origin="signaalketen.test/demo",
            member=profile.name,
            recovery=folder / f"{profile.name}.recovery",
        )
        cards.append(
            member_card(keyring, title=profile.title, oin=profile.oin, roles=profile.roles)
        )
    return draft_document(RULES, cards)


def test_every_number_is_of_the_range_that_is_nobodys_and_of_one_person() -> None:
    digits = [person.bsn.digits for person in people(MANY)]

    assert len(set(digits)) == MANY
    assert all(d.startswith("9999") for d in digits)


def test_every_signal_is_one_that_its_agency_may_post(document: Consortium) -> None:
    for person in people(MANY):
        for signal in person.signals:
            body = signal.body()
            posting = Posting(
                bsn=signal.bsn,
                desk=body["desk"],
                purpose=body["purpose"],
                case_reference=body["caseReference"],
                fields={name: body[name] for name in VOCABULARY},
            )

            verify_posting(posting, member=signal.agency, document=document)


def test_more_people_begin_with_the_same_people() -> None:
    assert people(MANY)[:20] == people(20)


def test_a_person_is_known_at_one_agency_at_two_or_at_all_three() -> None:
    assert {len(person.agencies) for person in people(MANY)} == {1, 2, 3}


def test_every_signal_of_a_person_carries_that_persons_number() -> None:
    for person in people(MANY):
        assert {signal.bsn for signal in person.signals} == {person.bsn}


def test_no_agency_uses_a_case_reference_twice() -> None:
    signals = [signal for person in people(MANY) for signal in person.signals]

    assert len({(s.agency, s.case_reference) for s in signals}) == len(signals)
    assert len({s.case_reference for s in signals}) == len(signals)


def test_nobody_is_shown_by_printing_them() -> None:
    person = people(1)[0]

    shown = f"{person!r} {person.signals[0]!r}"

    assert person.bsn.digits not in shown
    assert person.signals[0].case_reference not in shown


def test_situations_name_agencies_that_have_a_desk_and_each_once() -> None:
    for weight, parts in SITUATIONS:
        agencies = [agency for agency, *_ in parts]

        assert weight > 0
        assert len(set(agencies)) == len(agencies)
        assert set(agencies) <= set(DESKS)


def test_every_word_of_the_vocabulary_is_explained_and_no_other() -> None:
    vocabulary = tomllib.loads(RULES)["vocabulary"]

    assert {field: set(words) for field, words in MEANINGS.items()} == {
        field: set(words) for field, words in vocabulary.items()
    }


def test_the_purpose_is_one_of_the_rules() -> None:
    assert PURPOSE in [purpose["name"] for purpose in tomllib.loads(RULES)["purpose"]]

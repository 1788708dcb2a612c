"""The crowd: people about whom nobody has posted yet."""

from collections import Counter

from bench.crowd import Crowd, same


def test_nobody_is_handed_out_twice_before_all_numbers_are() -> None:
    crowd = Crowd()

    signals = [*crowd.signals("uwv", 300), *crowd.signals("svb", 300)]

    assert {signal.agency for signal in signals[:300]} == {"uwv"}
    assert len({signal.bsn.digits for signal in signals}) == 600


def test_some_of_the_people_with_cases_are_known_at_several_agencies() -> None:
    signals = Crowd().cases(500)

    known = Counter(signal.bsn.digits for signal in signals)
    assert len(signals) == 500
    assert set(known.values()) == {1, 2, 3}


def test_the_crowd_begins_again_after_its_last_number() -> None:
    crowd = Crowd()

    signals = crowd.signals("uwv", 9_091 + 1)

    assert signals[0].bsn == signals[-1].bsn


def test_two_agencies_can_post_about_the_same_people() -> None:
    crowd = Crowd()
    firsts = crowd.signals("uwv", 3)

    seconds = same(firsts, crowd.signals("svb", 3))

    assert [s.bsn for s in seconds] == [s.bsn for s in firsts]
    assert {signal.body()["desk"] for signal in seconds} == {"svb/de-bedoeling"}

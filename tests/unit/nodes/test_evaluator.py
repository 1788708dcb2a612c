"""From a final signal to a pseudonym: with any holders that suffice, and in spite of all others."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import cast

import pytest

from ledger.bsn import synthetic_numbers
from ledger.dleq import prove
from ledger.group import Point, Scalar, generator_times
from ledger.seal import SealingPublicKey
from ledger.voprf import blind, evaluate, finalize
from nodes.errors import NodeError, PeerRefusedError, PeerUnreachableError
from nodes.evaluator import Evaluator, Person
from nodes.holder import Evaluation, open_answer
from nodes.peers.client import Peers
from nodes.peers.port import EVALUATE
from nodes.peers.sealed import seal_fields
from nodes.store.database import Database
from tests.support.chain import PURPOSE
from tests.support.holding import Holding
from tests.support.parties import DAY
from tests.support.signers import ORIGIN

ANNA, BEN = islice(synthetic_numbers(), 2)
ONE = Scalar(b"\x01" + bytes(31))
R = Scalar.reduce(b"\x0b" * 64)
ASKER = "uwv"
Lie = Callable[[list[Evaluation]], list[Evaluation]]
Answer = Callable[[bytes], Awaitable[bytes]]


@dataclass
class Others:
    """The other holders, as the evaluator reaches them; `answers` says who does otherwise."""

    holding: Holding
    answers: dict[str, Answer] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    async def sealing_key(self, member: str) -> SealingPublicKey:
        return self.holding.sealing[member].public

    async def ask(self, member: str, operation: str, payload: bytes = b"") -> bytes:
        assert operation == EVALUATE
        self.asked.append(member)
        otherwise = self.answers.get(member)
        return await (self.rightly(member, payload) if otherwise is None else otherwise(payload))

    async def rightly(self, member: str, payload: bytes) -> bytes:
        return await self.holding.holder(member).answer(
            payload,
            sender=ASKER,
            to=self.holding.sealing[ASKER].public,
            document=self.holding.consortium.document,
        )

    def go_down(self, *members: str) -> None:
        async def nothing(_: bytes) -> bytes:
            raise PeerUnreachableError("nobody is there")

        self.answers |= dict.fromkeys(members, nothing)

    def fall_silent(self, *members: str) -> None:
        async def silence(_: bytes) -> bytes:
            await asyncio.Event().wait()
            raise AssertionError

        self.answers |= dict.fromkeys(members, silence)

    def say(self, member: str, raw: bytes) -> None:
        async def saying(_: bytes) -> bytes:
            return raw

        self.answers[member] = saying

    def lie(self, member: str, lie: Lie) -> None:
        async def lying(payload: bytes) -> bytes:
            honest = open_answer(
                await self.rightly(member, payload),
                key=self.holding.sealing[ASKER],
                origin=ORIGIN,
                holder=member,
            )
            return self.sealed(member, [one.encode() for one in lie(honest)])

        self.answers[member] = lying

    def sealed(self, member: str, fields: Sequence[bytes], *, sender: str | None = None) -> bytes:
        return seal_fields(
            fields,
            to=self.holding.sealing[ASKER].public,
            origin=ORIGIN,
            operation=EVALUATE,
            sender=sender or member,
            day=DAY.isoformat(),
        )


@pytest.fixture
def holding(database: Database, tmp_path: Path) -> Holding:
    """Return holders of one open epoch."""
    holding = Holding(database, tmp_path)
    holding.open_epoch(1)
    return holding


@pytest.fixture
def others(holding: Holding) -> Others:
    return Others(holding)


@pytest.fixture
def anna(holding: Holding) -> Person:
    return holding.post_about(ANNA)


@pytest.fixture
def evaluator(holding: Holding, others: Others) -> Evaluator:
    return Evaluator(
        member=ASKER,
        sealing=holding.sealing[ASKER],
        holder=holding.holder(ASKER),
        replica=holding.replica,
        peers=cast("Peers", others),
        clock=holding.clock,
    )


def ask(evaluator: Evaluator, *persons: Person) -> dict[int, list[bytes]]:
    return asyncio.run(evaluator.pseudonyms(persons, purpose=PURPOSE))


def output(holding: Holding, number: int, person: Person) -> bytes:
    """Return RFC 9497's output for a person under the whole key, which only a test has."""
    key = holding.dealt(number).key
    alpha = blind(person.message, blinding=ONE)
    return finalize(person.message, blinding=ONE, evaluated=alpha.times(key))


def test_pseudonym_is_the_rfcs_output_under_the_whole_key(
    holding: Holding, evaluator: Evaluator, anna: Person
) -> None:
    ben = holding.post_about(BEN)

    found = ask(evaluator, ben, anna)

    assert found == {1: [output(holding, 1, ben), output(holding, 1, anna)]}
    assert evaluator.faults == {}


def test_signals_about_one_person_have_one_pseudonym_whoever_posts_and_whatever_the_blind(
    holding: Holding, evaluator: Evaluator, anna: Person
) -> None:
    again = holding.post_about(ANNA)
    assert anna.alpha != again.alpha

    ((first, second),) = ask(evaluator, anna, again).values()

    assert first == second
    assert first != ask(evaluator, holding.post_about(BEN))[1][0]


def test_each_open_epoch_has_a_pseudonym_of_its_own(
    holding: Holding, evaluator: Evaluator, anna: Person
) -> None:
    holding.open_epoch(2)

    found = ask(evaluator, anna)

    assert found == {n: [output(holding, n, anna)] for n in (1, 2)}
    assert found[1] != found[2]


@pytest.mark.parametrize("down", ["svb", "szw"])
def test_one_agency_that_is_down_is_not_missed(
    evaluator: Evaluator, others: Others, holding: Holding, anna: Person, down: str
) -> None:
    others.go_down(down)

    assert ask(evaluator, anna) == {1: [output(holding, 1, anna)]}


def test_own_share_may_be_the_one_that_is_missing(
    evaluator: Evaluator, holding: Holding, anna: Person
) -> None:
    holding.shares[ASKER].destroy(purpose=PURPOSE, number=1)

    assert ask(evaluator, anna) == {1: [output(holding, 1, anna)]}


def test_own_share_is_used_without_a_detour(
    evaluator: Evaluator, others: Others, anna: Person
) -> None:
    ask(evaluator, anna)

    assert ASKER not in others.asked


@pytest.mark.parametrize("silent", ["svb", "szw"])
def test_holder_that_never_answers_delays_nothing(
    evaluator: Evaluator, others: Others, holding: Holding, anna: Person, silent: str
) -> None:
    others.fall_silent(silent)

    async def patiently() -> dict[int, list[bytes]]:
        async with asyncio.timeout(30):
            found = await evaluator.pseudonyms([anna], purpose=PURPOSE)
        left = asyncio.all_tasks() - {asyncio.current_task()}
        await asyncio.gather(*left, return_exceptions=True)
        assert all(task.cancelled() for task in left)
        return found

    assert asyncio.run(patiently()) == {1: [output(holding, 1, anna)]}


@pytest.mark.parametrize(
    ("down", "named"),
    [(("bzk",), ["bzk"]), (("svb", "szw"), ["svb", "szw"]), (("bzk", "svb"), ["bzk", "svb"])],
)
def test_too_few_holders_are_told_by_name(
    evaluator: Evaluator, others: Others, anna: Person, down: tuple[str, ...], named: list[str]
) -> None:
    others.go_down(*down)

    with pytest.raises(PeerUnreachableError) as caught:
        ask(evaluator, anna)

    assert str(caught.value) == (
        f"too few key holders answer ({'; '.join(f'{name}: nobody is there' for name in named)})"
    )
    assert sorted(evaluator.faults) == named


def test_holder_that_refuses_is_told_with_its_reason(
    evaluator: Evaluator, others: Others, anna: Person
) -> None:
    async def refuse(_: bytes) -> bytes:
        raise PeerRefusedError("refused", "not-final: block 2 is not final here")

    others.answers["bzk"] = refuse

    with pytest.raises(PeerUnreachableError, match="bzk: refused: not-final"):
        ask(evaluator, anna)


def test_holders_that_come_back_are_blamed_no_more(
    evaluator: Evaluator, others: Others, anna: Person
) -> None:
    others.go_down("bzk", "svb")
    with pytest.raises(PeerUnreachableError):
        ask(evaluator, anna)
    others.answers.clear()
    # So that each must answer.
    others.go_down("szw")

    ask(evaluator, anna)

    assert set(evaluator.faults) <= {"szw"}


def test_no_open_epoch_is_no_holders_fault(
    evaluator: Evaluator, others: Others, holding: Holding, anna: Person
) -> None:
    holding.close_epoch(1)

    with pytest.raises(PeerUnreachableError, match="no epoch of multiproblematiek is open"):
        ask(evaluator, anna)
    assert others.asked == []


def forge(evaluation: Evaluation, alphas: Sequence[Point], key: Scalar) -> Evaluation:
    """Return an evaluation under another key, with a proof that is right for that key."""
    elements = evaluate(alphas, key=key)
    proof = prove(key, blinded=alphas, evaluated=elements, r=R)
    return replace(evaluation, elements=tuple(elements), proof=proof)


LIES: Mapping[str, Callable[[Others, Person], Lie]] = {
    "wrong share": lambda _, anna: lambda said: [forge(e, [anna.alpha], R) for e in said],
    "key 1": lambda _, anna: lambda said: [forge(e, [anna.alpha], ONE) for e in said],
    "another epoch's share": lambda others, anna: (
        lambda said: [forge(e, [anna.alpha], others.holding.share("bzk", 2)) for e in said]
    ),
    "another purpose's share": lambda others, anna: (
        lambda said: [
            forge(e, [anna.alpha], others.holding.share("bzk", 1, purpose="armoede")) for e in said
        ]
    ),
    "wrong element": lambda _, anna: (
        lambda said: [replace(e, elements=(generator_times(R),)) for e in said]
    ),
    "α itself": lambda _, anna: lambda said: [replace(e, elements=(anna.alpha,)) for e in said],
    "wrong proof": lambda _, anna: (
        lambda said: [replace(e, proof=replace(e.proof, s=e.proof.s + R)) for e in said]
    ),
    "proof turned round": lambda _, anna: (
        lambda said: [replace(e, proof=replace(e.proof, c=e.proof.s, s=e.proof.c)) for e in said]
    ),
    "an element more": lambda _, anna: (
        lambda said: [replace(e, elements=e.elements * 2) for e in said]
    ),
    "no element": lambda _, anna: lambda said: [replace(e, elements=()) for e in said],
    "another index": lambda _, anna: lambda said: [replace(e, index=e.index + 1) for e in said],
    "another group": lambda _, anna: lambda said: [replace(e, group="agencies") for e in said],
    "no evaluation": lambda _, anna: lambda said: [],
    "another epoch's number": lambda _, anna: lambda said: [replace(e, number=9) for e in said],
}


@pytest.mark.parametrize("make", LIES.values(), ids=LIES)
def test_lie_of_the_one_that_is_needed_is_named_and_gives_no_pseudonym(
    evaluator: Evaluator, others: Others, anna: Person, make: Callable[[Others, Person], Lie]
) -> None:
    others.lie("bzk", make(others, anna))

    with pytest.raises(PeerUnreachableError, match=r"too few key holders answer \(bzk: "):
        ask(evaluator, anna)
    assert sorted(evaluator.faults) == ["bzk"]


def test_lie_of_one_that_others_can_replace_changes_nothing(
    evaluator: Evaluator, others: Others, holding: Holding, anna: Person
) -> None:
    others.lie("svb", lambda said: [forge(e, [anna.alpha], R) for e in said])

    found = ask(evaluator, anna)

    assert found == {1: [output(holding, 1, anna)]}


def test_holder_does_not_count_twice(
    evaluator: Evaluator, others: Others, holding: Holding, anna: Person
) -> None:
    # SZW answers for itself and, rightly proved, for SVB: that is SVB's to say.
    others.go_down("svb")
    holding.shares[ASKER].destroy(purpose=PURPOSE, number=1)
    svb = holding.share("svb", 1)
    others.lie("szw", lambda said: [*said, forge(replace(said[0], index=3), [anna.alpha], svb)])

    with pytest.raises(PeerUnreachableError, match="szw: evaluation: szw holds no such share"):
        ask(evaluator, anna)


def test_repeated_evaluation_is_one(
    evaluator: Evaluator, others: Others, holding: Holding, anna: Person
) -> None:
    others.go_down("svb")
    holding.shares[ASKER].destroy(purpose=PURPOSE, number=1)
    others.lie("szw", lambda said: said * 2)

    with pytest.raises(PeerUnreachableError) as caught:
        ask(evaluator, anna)
    assert "svb: nobody is there" in str(caught.value)
    assert "uwv: " in str(caught.value)


def test_batch_in_which_one_element_is_wrong_is_not_believed_at_all(
    evaluator: Evaluator, others: Others, holding: Holding, anna: Person
) -> None:
    ben = holding.post_about(BEN)
    others.lie(
        "bzk",
        lambda said: [replace(e, elements=(e.elements[1], e.elements[0])) for e in said],
    )

    with pytest.raises(PeerUnreachableError, match="bzk: evaluation: the proof does not hold"):
        ask(evaluator, anna, ben)


def test_answer_that_is_none_is_a_fault_and_nothing_worse(
    evaluator: Evaluator, others: Others, anna: Person
) -> None:
    for raw in (
        b"",
        b"\xff" * 40,
        others.sealed("bzk", [b"no evaluation"]),
        others.sealed("bzk", [b"\0\0\0\x09" + b"\xff" * 9] * 5),
        others.sealed("bzk", [], sender="svb"),
    ):
        others.say("bzk", raw)

        with pytest.raises(PeerUnreachableError, match="bzk: "):
            ask(evaluator, anna)


def test_epoch_that_opened_since_the_question_is_left_for_the_next(
    evaluator: Evaluator, others: Others, holding: Holding, anna: Person
) -> None:
    def turn(said: list[Evaluation]) -> list[Evaluation]:
        if not holding.replica.state.epochs.open_at(PURPOSE, 10**6)[1:]:
            holding.open_epoch(2)
        return said

    others.lie("bzk", turn)

    assert sorted(ask(evaluator, anna)) == [1]
    assert sorted(ask(evaluator, anna)) == [1, 2]


@pytest.mark.parametrize("threshold", [1, 3])
def test_document_that_changes_the_groups_does_not_change_the_pseudonyms(
    evaluator: Evaluator, holding: Holding, anna: Person, threshold: int
) -> None:
    # With the new threshold the same shares would give another number: a match silently missed.
    expected = output(holding, 1, anna)
    holding.amend(lambda draft: draft["group"][0].update(threshold=threshold))

    assert ask(evaluator, anna) == {1: [expected]}


def test_holder_that_left_the_groups_still_helps_with_the_epochs_it_shares(
    evaluator: Evaluator, others: Others, holding: Holding, anna: Person
) -> None:
    expected = output(holding, 1, anna)
    holding.amend(lambda draft: draft["group"][0].update(holders=["szw", "uwv"]))
    others.go_down("szw")

    assert ask(evaluator, anna) == {1: [expected]}


def test_errors_tell_nothing_of_the_person(
    evaluator: Evaluator, others: Others, anna: Person, caplog: pytest.LogCaptureFixture
) -> None:
    others.lie("bzk", lambda said: [replace(e, elements=(generator_times(R),)) for e in said])

    with pytest.raises(NodeError) as caught, caplog.at_level("DEBUG"):
        ask(evaluator, anna)

    said = str(caught.value) + caplog.text + repr(anna)
    assert "bzk" in caplog.text
    assert ANNA.digits not in said
    assert anna.blinding.encode().hex() not in said
    assert repr(anna.message) not in said

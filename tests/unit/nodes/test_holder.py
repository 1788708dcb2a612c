"""What a key holder evaluates, and everything that it does not."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import islice
from pathlib import Path

import pytest
from sqlalchemy import text

from ledger.body import Body, Item, Share
from ledger.bsn import synthetic_numbers
from ledger.commitment import commit
from ledger.dleq import Proof, verify_proof
from ledger.encoding import enc
from ledger.entry import Entry
from ledger.errors import LedgerError, MalformedError, VerificationError
from ledger.group import Point, Scalar, generator_times
from ledger.logbook import LogRecord
from ledger.rules.signal import ALPHA, CONTENT
from ledger.voprf import Alpha
from nodes.errors import ConfigurationError, StorageError
from nodes.evaluator import Person
from nodes.holder import MAX_EVALUATIONS, Asked, Evaluation, open_answer, seal_request
from nodes.logbook import Act
from nodes.peers.port import EVALUATE
from nodes.peers.sealed import seal_fields
from nodes.store.database import Database
from nodes.store.logbook import Logs
from nodes.tracing import Trace, asked_under
from tests.support.chain import PURPOSE, make_entry, make_signal
from tests.support.databases import VAULT
from tests.support.holding import Holding
from tests.support.parties import DAY
from tests.support.signers import ORIGIN

ANNA, BEN, CAS = islice(synthetic_numbers(), 3)
R = Scalar.reduce(b"\x07" * 64)


@pytest.fixture
def holding(database: Database, tmp_path: Path) -> Holding:
    """Return holders of one open epoch."""
    holding = Holding(database, tmp_path)
    holding.open_epoch(1)
    return holding


@pytest.fixture
def anna(holding: Holding) -> Person:
    """Return a final signal of UWV's."""
    return holding.post_about(ANNA)


def evaluate(
    holding: Holding, *asked: Asked, purpose: str = PURPOSE, author: str = "uwv"
) -> list[Evaluation]:
    return holding.holder("svb").evaluate(asked, purpose=purpose, author=author)


def shown(asked: Asked, change: Callable[[Share], Share]) -> Asked:
    """Return what is asked with another share."""
    return asked._replace(share=change(Share.decode(asked.share)).encode())


def posted(holding: Holding, *contents: bytes, author: str = "uwv") -> tuple[int, Body]:
    """Append a final signal whose body holds `contents`, whatever they are."""
    items = tuple(Item(i, bytes([i]) * 32, content) for i, content in enumerate(contents))
    body = Body(items, R)
    commitment = commit(
        origin=ORIGIN,
        kind="signal",
        author=author,
        date=DAY.isoformat(),
        digests=body.digests,
        r=R,
    )
    entry = Entry(ORIGIN, author, "signal", DAY, commitment.encode())
    return holding.append(holding.consortium.sign(entry, by=["bzk"]).encode()), body


def stored(database: Database) -> list[str]:
    """Return every row of every table, as text."""
    with database.read() as connection:
        tables = connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'table'"))
        return [
            f"{name}: {row}"
            for name in tables.scalars().all()
            for row in connection.execute(text(f'SELECT * FROM "{name}"'))
        ]


def test_holder_evaluates_with_its_share_and_proves_it(holding: Holding, anna: Person) -> None:
    ben = holding.post_about(BEN)

    (found,) = evaluate(holding, anna.asked, ben.asked)

    (epoch,) = holding.replica.state.epochs.open_now(PURPOSE)
    public = next(share.public for share in epoch.shares if share.holder == "svb")
    assert (found.number, found.group, found.index) == (1, "agencies", 3)
    verify_proof(
        found.proof, public=public, blinded=[anna.alpha, ben.alpha], evaluated=found.elements
    )


def test_one_alpha_is_evaluated_under_every_open_epoch_newest_first(
    holding: Holding, anna: Person
) -> None:
    holding.open_epoch(2)

    assert [found.number for found in evaluate(holding, anna.asked)] == [2, 1]

    holding.close_epoch(1)

    assert [found.number for found in evaluate(holding, anna.asked)] == [2]


def test_evaluations_are_proved_anew_each_time(holding: Holding, anna: Person) -> None:
    # Two proofs under one random number would give the share away.
    first, second = (evaluate(holding, anna.asked)[0] for _ in range(2))

    assert first.elements == second.elements
    assert first.proof != second.proof


def test_sealed_request_is_answered_to_its_sender_alone(holding: Holding, anna: Person) -> None:
    raw = answer(holding, request(holding, [anna.asked]))

    opened = open_answer(raw, key=holding.sealing["uwv"], origin=ORIGIN, holder="svb")

    assert [found.elements for found in opened] == [
        found.elements for found in evaluate(holding, anna.asked)
    ]
    with pytest.raises(VerificationError):
        open_answer(raw, key=holding.sealing["szw"], origin=ORIGIN, holder="svb")
    with pytest.raises(VerificationError):
        open_answer(raw, key=holding.sealing["uwv"], origin=ORIGIN, holder="szw")


@pytest.mark.parametrize("ahead", [0, 1, 10**6, 2**63])
def test_block_that_is_not_final_is_not_evaluated(holding: Holding, ahead: int) -> None:
    person = holding.post_about(ANNA, is_final=False)
    asked = person.asked._replace(height=person.asked.height + ahead)

    with pytest.raises(VerificationError, match="not-final"):
        evaluate(holding, asked)

    holding.progress.final.reach(person.asked.height + 1)
    assert len(evaluate(holding, person.asked)) == 1


def test_block_that_is_final_elsewhere_and_not_here_yet_is_not_evaluated(
    holding: Holding, anna: Person
) -> None:
    holding.progress.final.reach(100)

    with pytest.raises(VerificationError, match="not-final"):
        evaluate(holding, anna.asked._replace(height=50))


def test_signal_of_another_member_is_not_evaluated(holding: Holding, anna: Person) -> None:
    # Otherwise whoever learned an opening could have the person evaluated.
    with pytest.raises(VerificationError, match="not-yours"):
        evaluate(holding, anna.asked, author="szw")


@pytest.mark.parametrize("kind", ["consortium", "epoch", "locate"])
def test_block_that_is_no_signal_is_not_evaluated(
    holding: Holding, anna: Person, kind: str
) -> None:
    located = make_entry(holding.consortium, "uwv", "locate", f"{anna.asked.height}\n")
    height = {"consortium": 0, "epoch": 1, "locate": holding.append(located)}[kind]

    with pytest.raises(VerificationError, match="not-yours"):
        evaluate(holding, anna.asked._replace(height=height))


@pytest.mark.parametrize(
    ("later", "is_evaluated"), [(0, True), (7, True), (8, False), (400, False)]
)
def test_signal_is_evaluated_for_seven_days(
    holding: Holding, anna: Person, later: int, *, is_evaluated: bool
) -> None:
    holding.clock.turn(days=later)

    if is_evaluated:
        assert len(evaluate(holding, anna.asked)) == 1
    else:
        with pytest.raises(VerificationError, match="too-old"):
            evaluate(holding, anna.asked)


def test_opening_of_another_own_signal_does_not_do(holding: Holding, anna: Person) -> None:
    ben = holding.post_about(BEN)

    with pytest.raises(VerificationError, match="do not open"):
        evaluate(holding, Asked(anna.asked.height, ben.asked.share))


def other_alpha(share: Share) -> Share:
    chosen = Alpha(PURPOSE, generator_times(R)).encode()
    return replace(share, items=(replace(share.items[0], content=chosen),))


def digest_to_match(share: Share) -> Share:
    forged = other_alpha(share)
    return replace(forged, digests=(forged.items[0].digest, share.digests[1]))


@pytest.mark.parametrize(
    "change",
    [
        other_alpha,
        digest_to_match,
        lambda share: replace(share, r=R),
        lambda share: replace(share, items=(replace(share.items[0], salt=bytes(32)),)),
        lambda share: replace(share, digests=share.digests[::-1]),
        lambda share: replace(share, digests=share.digests[:1]),
        lambda share: replace(share, digests=(*share.digests, share.digests[0])),
    ],
    ids=["other α", "other digest too", "other r", "salt", "digests", "digest less", "digest more"],
)
def test_share_that_does_not_open_the_commitment_is_not_evaluated(
    holding: Holding, anna: Person, change: Callable[[Share], Share]
) -> None:
    with pytest.raises(VerificationError):
        evaluate(holding, shown(anna.asked, change))


def test_signal_is_evaluated_for_no_purpose_but_its_own(holding: Holding) -> None:
    holding.amend(lambda draft: draft["purpose"].append(draft["purpose"][0] | {"name": "armoede"}))
    holding.open_epoch(1, purpose="armoede")
    person = holding.post_about(ANNA, purpose="armoede")

    with pytest.raises(VerificationError, match="another purpose"):
        evaluate(holding, person.asked)
    assert len(evaluate(holding, person.asked, purpose="armoede")) == 1


@pytest.mark.parametrize("held", [[], [CONTENT], [ALPHA, CONTENT]])
def test_holder_wants_to_see_alpha_and_nothing_else(holding: Holding, held: list[int]) -> None:
    height, body = posted(holding, Alpha(PURPOSE, generator_times(R)).encode(), b"content", b"jwt")

    with pytest.raises(VerificationError, match="alpha item and no other"):
        evaluate(holding, Asked(height, body.share(held).encode()))


@pytest.mark.parametrize("others", [(), (b"content",), (b"content", b"jwt", b"more"), (b"\0",) * 5])
def test_body_of_other_than_three_items_is_not_evaluated(
    holding: Holding, others: tuple[bytes, ...]
) -> None:
    height, body = posted(holding, Alpha(PURPOSE, generator_times(R)).encode(), *others)

    with pytest.raises(VerificationError, match="3 items"):
        evaluate(holding, Asked(height, body.share([ALPHA]).encode()))


def test_second_alpha_of_a_body_is_not_evaluated(holding: Holding) -> None:
    # One posted signal buys one evaluation of one person.
    first, second = (Alpha(PURPOSE, generator_times(s)).encode() for s in (R, R + R))
    height, body = posted(holding, first, second, b"jwt")

    assert len(evaluate(holding, Asked(height, body.share([0]).encode()))) == 1
    with pytest.raises(VerificationError, match="alpha item and no other"):
        evaluate(holding, Asked(height, body.share([1]).encode()))


@pytest.mark.parametrize(
    "item",
    [
        b"",
        enc(PURPOSE, bytes(32)),
        enc(PURPOSE, b"\xff" * 32),
        enc(PURPOSE, generator_times(R).encode() + b"\0"),
        enc(PURPOSE, generator_times(R).encode(), b""),
        enc("Two Words", generator_times(R).encode()),
    ],
    ids=["nothing", "identity", "no point", "a byte more", "a field more", "no name"],
)
def test_item_that_is_no_alpha_is_not_evaluated(holding: Holding, item: bytes) -> None:
    height, body = posted(holding, item, b"content", b"jwt")

    with pytest.raises(MalformedError):
        evaluate(holding, Asked(height, body.share([ALPHA]).encode()))


def test_one_that_must_not_be_evaluated_spoils_the_batch(holding: Holding, anna: Person) -> None:
    pending = holding.post_about(BEN, is_final=False)

    with pytest.raises(VerificationError, match="not-final"):
        evaluate(holding, anna.asked, pending.asked)


def test_nothing_is_evaluated_when_no_epoch_is_open(holding: Holding, anna: Person) -> None:
    holding.close_epoch(1)

    assert evaluate(holding, anna.asked) == []


def test_lost_share_is_said_so(holding: Holding, anna: Person) -> None:
    holding.shares["svb"].destroy(purpose=PURPOSE, number=1)

    with pytest.raises(ConfigurationError, match="cannot be read"):
        evaluate(holding, anna.asked)
    assert len(holding.holder("uwv").evaluate([anna.asked], purpose=PURPOSE, author="uwv")) == 1


def test_holder_keeps_nothing_of_what_it_is_shown(
    holding: Holding, anna: Person, tmp_path: Path
) -> None:
    holder = holding.holder("svb")
    answered = request(holding, [anna.asked])
    before = stored(holding.database), sorted(tmp_path.rglob("*")), dict(vars(holder))

    answer(holding, answered)
    holder.evaluate([anna.asked], purpose=PURPOSE, author="uwv")

    rows = stored(holding.database)
    logged = [row for row in rows if row.startswith("log_record: ")]
    # Of what it answered, and of nothing else: what it computes for its own locates it logs there.
    assert len(logged) == 1
    left = [row for row in rows if row not in logged]
    assert (left, sorted(tmp_path.rglob("*")), vars(holder)) == before
    share = Share.decode(anna.asked.share)
    secrets = [anna.alpha.encode(), share.items[0].salt, share.r.encode()]
    assert holding.database.truncate_log()
    files = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    assert not [secret for secret in secrets for raw in files if secret in raw]


def request(
    holding: Holding, asked: list[Asked], *, purpose: str = PURPOSE, sender: str = "uwv"
) -> bytes:
    return seal_request(
        asked,
        purpose=purpose,
        to=holding.sealing["svb"].public,
        origin=ORIGIN,
        sender=sender,
        day=DAY.isoformat(),
    )


def answer(holding: Holding, payload: bytes, *, sender: str = "uwv") -> bytes:
    return asyncio.run(
        holding.holder("svb").answer(
            payload,
            sender=sender,
            to=holding.sealing[sender].public,
            document=holding.consortium.document,
        )
    )


def test_holder_records_each_evaluation_at_whose_asking_and_under_which_trace(
    holding: Holding, anna: Person
) -> None:
    asked = Trace(b"t" * 16, b"p" * 8)

    with asked_under(asked):
        answer(holding, request(holding, [anna.asked] * 2))

    with holding.database.read() as connection:
        rows = Logs(VAULT).page(connection, after=0, count=10)
    records = [LogRecord.decode(raw) for _, raw in rows]
    assert [(r.name, r.subject, r.subject_type) for r in records] == [
        (Act.EVALUATE, "", "onbekend")
    ] * 2
    assert {(r.trace_id, r.parent_span_id) for r in records} == {asked}
    assert {r.processor for r in records} == {"urn:signaalketen:lid:uwv"}


def test_holder_answers_nothing_that_it_could_not_record(
    holding: Holding, anna: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: object) -> None:
        raise StorageError("the log is full")

    monkeypatch.setattr(Logs, "append", refuse)

    with pytest.raises(StorageError, match="the log is full"):
        answer(holding, request(holding, [anna.asked]))


def test_holder_waits_a_moment_to_hear_that_a_signal_is_final(holding: Holding) -> None:
    person = holding.post_about(BEN, is_final=False)

    async def story(patience: float) -> bytes:
        hears = asyncio.get_running_loop().call_later(
            0.05, holding.progress.final.reach, person.asked.height + 1
        )
        try:
            return await holding.holder("svb").answer(
                request(holding, [person.asked]),
                sender="uwv",
                to=holding.sealing["uwv"].public,
                document=holding.consortium.document,
                patience=patience,
            )
        finally:
            hears.cancel()

    with pytest.raises(VerificationError, match="not-final"):
        asyncio.run(story(0.0))
    assert asyncio.run(story(20.0))


def test_request_is_answered_for_up_to_64_signals(holding: Holding, anna: Person) -> None:
    most = request(holding, [anna.asked] * MAX_EVALUATIONS)
    too_many = request(holding, [anna.asked] * (MAX_EVALUATIONS + 1))

    (found,) = open_answer(
        answer(holding, most), key=holding.sealing["uwv"], origin=ORIGIN, holder="svb"
    )

    assert len(found.elements) == MAX_EVALUATIONS
    with pytest.raises(MalformedError, match="1 to 64"):
        answer(holding, too_many)


def bad_fields(anna: Person) -> Iterator[tuple[str, list[bytes]]]:
    height = anna.asked.height.to_bytes(8, "big")
    share, purpose = anna.asked.share, PURPOSE.encode()
    yield "nothing", []
    yield "a purpose alone", [purpose]
    yield "a height without its share", [purpose, height]
    yield "a share more", [purpose, height, share, share]
    yield "no height", [purpose, b"", share]
    yield "a short height", [purpose, height[1:], share]
    yield "a long height", [purpose, b"\0" + height, share]
    yield "a height of thousands of digits", [purpose, b"\xff" * 4000, share]
    yield "no share", [purpose, height, b""]
    yield "half a share", [purpose, height, share[: len(share) // 2]]
    yield "a share and a byte", [purpose, height, share + b"\0"]
    yield "no purpose", [b"", height, share]
    yield "a purpose that is no text", [b"\xff", height, share]


def test_request_that_is_none_is_refused_and_nothing_worse(holding: Holding, anna: Person) -> None:
    for name, fields in bad_fields(anna):
        payload = seal_fields(
            fields,
            to=holding.sealing["svb"].public,
            origin=ORIGIN,
            operation=EVALUATE,
            sender="uwv",
            day=DAY.isoformat(),
        )
        try:
            answer(holding, payload)
        except LedgerError:
            continue
        pytest.fail(f"answered: {name}")


def test_request_that_another_member_sealed_is_refused(holding: Holding, anna: Person) -> None:
    payload = request(holding, [anna.asked], sender="uwv")

    with pytest.raises(VerificationError):
        answer(holding, payload, sender="szw")


def test_signal_dated_ahead_is_evaluated_as_the_chain_has_it(holding: Holding) -> None:
    # An author's clock may be a day ahead; its custodian signed for that.
    signal = make_signal(holding.consortium, day=DAY + timedelta(days=1))
    asked = Asked(holding.append(signal.raw), signal.body.share([ALPHA]).encode())

    assert len(evaluate(holding, asked)) == 1


EVALUATION = Evaluation(
    number=1,
    group="agencies",
    index=2,
    proof=Proof(R, R + R),
    elements=(generator_times(R), generator_times(R + R)),
)
JOINED = b"".join(element.encode() for element in EVALUATION.elements)
PROOF = EVALUATION.proof.encode()


def test_evaluation_survives_its_encoding() -> None:
    assert EVALUATION.encode() == enc(1, "agencies", 2, PROOF, JOINED)
    assert Evaluation.decode(EVALUATION.encode()) == EVALUATION


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        EVALUATION.encode()[:-1],
        EVALUATION.encode() + b"\0",
        enc(1, "agencies", 2, PROOF),
        enc(1, "agencies", 2, PROOF, JOINED, b""),
        enc(1, "agencies", 2, PROOF, JOINED[:-1]),
        enc(1, "agencies", 2, PROOF, bytes(32)),
        enc(1, "agencies", 2, PROOF, b"\xff" * 32),
        enc(1, "agencies", 2, PROOF[:-1], JOINED),
        enc(1, "agencies", 2, bytes(64), JOINED),
        enc(1, "agencies", 2, b"\xff" * 64, JOINED),
        enc(b"\1", "agencies", 2, PROOF, JOINED),
        enc(1, "agencies", b"\2", PROOF, JOINED),
        enc(b"\xff" * 9, "agencies", 2, PROOF, JOINED),
        enc(1, "agencies", b"\0" * 9, PROOF, JOINED),
        enc(b"", "agencies", 2, PROOF, JOINED),
        enc(1, b"\xff", 2, PROOF, JOINED),
    ],
)
def test_bytes_that_are_no_evaluation_are_refused(raw: bytes) -> None:
    with pytest.raises(MalformedError):
        Evaluation.decode(raw)


def test_evaluation_of_nothing_decodes_and_proves_nothing() -> None:
    empty = replace(EVALUATION, elements=())
    public: Point = generator_times(R)

    decoded = Evaluation.decode(empty.encode())

    with pytest.raises(VerificationError, match="number of elements"):
        verify_proof(decoded.proof, public=public, blinded=[], evaluated=decoded.elements)

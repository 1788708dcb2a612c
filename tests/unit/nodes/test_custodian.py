from collections.abc import Callable
from pathlib import Path

import pytest

from ledger.encoding import enc, split_enc
from ledger.errors import LedgerError, MalformedError, RefusedError, VerificationError
from ledger.note import SignatureLine
from ledger.rules.kind import verify_line
from ledger.seal import SealContext, seal
from nodes.custodian import MAX_PUSH, read_answers, seal_push
from nodes.errors import StorageError
from nodes.peers.port import PUSH
from nodes.store.database import Database
from tests.support.bench import Bench, run
from tests.support.consortium import Founded, found
from tests.support.disks import FillableDatabase
from tests.support.pushing import held, parcel, pull, push, sealed_push, share


@pytest.fixture
def founded(tmp_path: Path) -> Founded:
    return found(tmp_path)


def test_a_stored_line_is_the_custodians_and_the_share_comes_back(founded: Founded) -> None:
    async def scenario() -> None:
        async with Bench(founded, "bzk") as bench:
            draft = bench.draft("uwv")

            (line,) = await push(bench, parcel(draft))

            assert isinstance(line, SignatureLine)
            signer = verify_line(line, draft.signed.text, founded.document, reason="stored-line")
            assert signer == "bzk"
            assert await pull(bench, draft.signed.id) == [share(draft).encode()]

    run(scenario())


def test_a_push_that_is_repeated_is_answered_again_and_held_once(founded: Founded) -> None:
    async def scenario() -> None:
        async with Bench(founded, "bzk") as bench:
            draft = bench.draft("uwv")

            answers = [await push(bench, parcel(draft)) for _ in range(3)]

            assert all(isinstance(answer, SignatureLine) for (answer,) in answers)
            assert held(bench) == 1

    run(scenario())


def test_nothing_is_signed_that_could_not_be_stored(founded: Founded) -> None:
    def fillable(founded: Founded, name: str) -> Database:
        return FillableDatabase(founded.settings(name).data_dir / "node.db")

    async def scenario() -> None:
        async with Bench(founded, "bzk", database=fillable) as bench:
            database = bench.node.database
            assert isinstance(database, FillableDatabase)
            database.is_full = True

            with pytest.raises(StorageError, match="full"):
                await push(bench, *(parcel(bench.draft("uwv")) for _ in range(60)))

            assert held(bench) == 0

    run(scenario())


def test_each_of_a_push_has_its_own_answer_in_order(founded: Founded) -> None:
    async def scenario() -> None:
        async with Bench(founded, "bzk") as bench:
            good, other = bench.draft("uwv"), bench.draft("uwv")
            foreign = bench.draft("svb")

            answers = await push(
                bench,
                parcel(good),
                (other.signed.encode(), share(good).encode()),
                parcel(foreign),
                parcel(other),
            )

            kinds = [a.reason if isinstance(a, RefusedError) else "stored" for a in answers]
            assert kinds == ["stored", "malformed", "not-stored", "stored"]
            assert held(bench) == 2

    run(scenario())


def _not_sealed(bench: Bench) -> bytes:
    return enc(*parcel(bench.draft("uwv")))


def _by_another(bench: Bench) -> bytes:
    return sealed_push(bench, parcel(bench.draft("uwv")), sender="svb")


def _of_another_day(bench: Bench) -> bytes:
    _, frame = split_enc(sealed_push(bench, parcel(bench.draft("uwv"))))
    return enc("2026-01-01", frame)


def _for_another(bench: Bench) -> bytes:
    return seal_push(
        [parcel(bench.draft("uwv"))],
        to=bench.founded.keyring("svb").sealing.public,
        origin=bench.founded.document.origin,
        sender="uwv",
        day=bench.clock.today().isoformat(),
    )


def _of_fields(bench: Bench, *fields: bytes) -> bytes:
    day = bench.clock.today().isoformat()
    context = SealContext(bench.founded.document.origin, PUSH, "uwv", day)
    key = bench.node.keyring.sealing.public
    return enc(day, seal(enc(*fields), recipients=[key], context=context, random=bytes))


def _of_none(bench: Bench) -> bytes:
    return _of_fields(bench)


def _of_half(bench: Bench) -> bytes:
    return _of_fields(bench, *parcel(bench.draft("uwv")), b"an entry without its share")


def _of_too_many(bench: Bench) -> bytes:
    return _of_fields(bench, *[b"."] * (2 * MAX_PUSH + 2))


@pytest.mark.parametrize(
    "spoil",
    [
        _not_sealed,
        _by_another,
        _of_another_day,
        _for_another,
        _of_none,
        _of_half,
        _of_too_many,
        lambda _: b"",
        lambda _: b"\xff\xff\xff\xff",
    ],
)
def test_a_frame_that_is_no_push_of_the_sender_is_refused_whole(
    founded: Founded, spoil: Callable[[Bench], bytes]
) -> None:
    async def scenario() -> None:
        async with Bench(founded, "bzk") as bench:
            with pytest.raises((MalformedError, VerificationError)):
                await bench.node.service._custodian.push(
                    spoil(bench), sender="uwv", document=founded.document
                )
            assert held(bench) == 0

    run(scenario())


def test_a_share_is_given_back_to_its_author_alone(founded: Founded) -> None:
    async def scenario() -> None:
        async with Bench(founded, "bzk") as bench:
            draft, absent = bench.draft("uwv"), bench.draft("uwv")
            await push(bench, parcel(draft))

            assert await pull(bench, absent.signed.id, draft.signed.id) == [
                b"",
                share(draft).encode(),
            ]
            assert await pull(bench, draft.signed.id, sender="svb") == [b""]

    run(scenario())


@pytest.mark.parametrize("count", [0, MAX_PUSH + 1])
def test_a_pull_of_none_or_too_many_is_refused(founded: Founded, count: int) -> None:
    async def scenario() -> None:
        async with Bench(founded, "bzk") as bench:
            with pytest.raises(MalformedError):
                await pull(bench, *[bytes(32)] * count)

    run(scenario())


@pytest.mark.parametrize(
    ("raw", "count"), [(enc("date: old"), 2), (b"\xff\xff\xff\xff", 1), (enc("— junk"), 1)]
)
def test_answers_that_make_no_sense_are_malformed(raw: bytes, count: int) -> None:
    with pytest.raises(LedgerError):
        read_answers(raw, count=count)

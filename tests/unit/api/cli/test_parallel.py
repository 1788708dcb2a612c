from collections.abc import Iterator

import pytest

from api.cli.parallel import Checkers
from ledger.audit import Checked, CheckedChunk, Chunk, check_chunk
from ledger.errors import MalformedError

CHUNKS = [Chunk(number, None, [b"%d" % number]) for number in range(40)]


def checked(chunks: Iterator[Chunk], *, jobs: int) -> Iterator[CheckedChunk]:
    return iter(Checkers(jobs)(check_chunk, chunks))


def breaking_after(count: int) -> Iterator[Chunk]:
    yield from CHUNKS[:count]
    raise MalformedError(f"cut off after {count} chunks")


@pytest.mark.parametrize("jobs", [1, 2])
def test_chunks_come_back_in_order_with_what_was_found_of_each(jobs: int) -> None:
    assert list(checked(iter(CHUNKS), jobs=jobs)) == [check_chunk(chunk) for chunk in CHUNKS]


@pytest.mark.parametrize("count", [0, 3, 4, 5, 30])
@pytest.mark.parametrize("jobs", [1, 2])
def test_what_came_before_a_break_is_checked_before_it_is_told(jobs: int, count: int) -> None:
    taken: list[CheckedChunk] = []

    with pytest.raises(MalformedError, match=f"after {count} chunks"):
        taken.extend(checked(breaking_after(count), jobs=jobs))

    assert [result.chunk for result in taken] == CHUNKS[:count]


def test_no_more_is_read_ahead_than_keeps_the_workers_busy() -> None:
    read = 0

    def counted() -> Iterator[Chunk]:
        nonlocal read
        for number in range(1000):
            read = number + 1
            yield Chunk(number, None, [b"x"])

    results = checked(counted(), jobs=2)
    for taken in range(1, 21):
        next(results)

        assert read <= taken + 10
    assert read > 20


def test_reader_that_fails_for_another_reason_is_not_called_malformed() -> None:
    def failing() -> Iterator[Chunk]:
        yield from CHUNKS
        raise OSError(5, "the disk refuses")

    with pytest.raises(OSError, match="the disk refuses"):
        list(checked(failing(), jobs=2))


def test_blocks_do_not_travel_back_from_a_worker() -> None:
    chunk = CHUNKS[-1]

    result = list(checked(iter(CHUNKS), jobs=2))[-1]

    assert result.chunk is chunk
    assert all(isinstance(each, Checked) for each in result.results)

import pytest

from api.readiness import ReadinessOut
from nodes.readiness import Reason

BLOCKING = Reason("no-quorum", "3 blocks wait", "check those members")
NOT_BLOCKING = Reason("own-signals-lost", "2 lost", "restore", is_blocking=False, heights=(7, 9))


@pytest.mark.parametrize(
    ("reasons", "is_ready"),
    [([], True), ([NOT_BLOCKING], True), ([NOT_BLOCKING, BLOCKING], False)],
)
def test_only_what_blocks_makes_a_node_unready(reasons: list[Reason], is_ready: bool) -> None:
    assert ReadinessOut.of(reasons, is_inside=False).is_ready == is_ready


def test_a_stranger_learns_codes_and_nothing_else() -> None:
    shown = ReadinessOut.of([BLOCKING, NOT_BLOCKING], is_inside=False).model_dump(by_alias=True)

    assert shown["reasons"] == [
        {"code": code, "isBlocking": blocks, "text": "", "remedy": "", "heights": []}
        for code, blocks in (("no-quorum", True), ("own-signals-lost", False))
    ]


def test_own_people_read_what_is_wrong_where_and_what_to_do() -> None:
    shown = ReadinessOut.of([NOT_BLOCKING], is_inside=True).model_dump(by_alias=True)

    assert shown["reasons"] == [
        {
            "code": "own-signals-lost",
            "isBlocking": False,
            "text": "2 lost",
            "remedy": "restore",
            "heights": [7, 9],
        }
    ]

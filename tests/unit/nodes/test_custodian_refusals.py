"""Every reason for which a custodian stores nothing of an entry that is pushed."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from ledger.body import Share
from ledger.commitment import commit
from ledger.errors import RefusedError
from ledger.group import Scalar
from ledger.note import SignatureLine
from nodes.custodian import Parcel
from nodes.signal import Draft
from tests.support.bench import Bench, run
from tests.support.consortium import Founded, found
from tests.support.pushing import held, parcel, push, share, signed_anew


@pytest.fixture
def founded(tmp_path: Path) -> Founded:
    return found(tmp_path)


def _foreign(bench: Bench, draft: Draft) -> Parcel:
    return parcel(bench.draft("svb"))


def _other_origin(bench: Bench, draft: Draft) -> Parcel:
    entry = replace(draft.signed.entry, origin="somewhere.else")
    return signed_anew(bench, entry).encode(), share(draft).encode()


def _other_kind(bench: Bench, draft: Draft) -> Parcel:
    entry = replace(draft.signed.entry, kind="bottleneck")
    return signed_anew(bench, entry).encode(), share(draft).encode()


def _two_lines(bench: Bench, draft: Draft) -> Parcel:
    return bench.stored(draft.signed, "svb").encode(), share(draft).encode()


def _anothers_line(bench: Bench, draft: Draft) -> Parcel:
    return signed_anew(bench, draft.signed.entry, by="svb").encode(), share(draft).encode()


def _false_line(bench: Bench, draft: Draft) -> Parcel:
    line = draft.signed.lines[0]
    false = replace(line, signature=bytes(len(line.signature)))
    return replace(draft.signed, lines=(false,)).encode(), share(draft).encode()


def _unknown_key(bench: Bench, draft: Draft) -> Parcel:
    line = replace(draft.signed.lines[0], key_id=b"none")
    return replace(draft.signed, lines=(line,)).encode(), share(draft).encode()


def _too_old(bench: Bench, draft: Draft) -> Parcel:
    return parcel(bench.draft("uwv", day=bench.clock.today() - timedelta(days=2)))


def _too_young(bench: Bench, draft: Draft) -> Parcel:
    return parcel(bench.draft("uwv", day=bench.clock.today() + timedelta(days=2)))


def _no_commitment(bench: Bench, draft: Draft) -> Parcel:
    return signed_anew(bench, replace(draft.signed.entry, commitment=None)).encode(), share(
        draft
    ).encode()


def _identity(bench: Bench, draft: Draft) -> Parcel:
    return signed_anew(bench, replace(draft.signed.entry, commitment=bytes(32))).encode(), share(
        draft
    ).encode()


def _no_point(bench: Bench, draft: Draft) -> Parcel:
    return signed_anew(bench, replace(draft.signed.entry, commitment=b"\xff" * 32)).encode(), share(
        draft
    ).encode()


def _other_body(bench: Bench, draft: Draft) -> Parcel:
    return draft.signed.encode(), share(bench.draft("uwv")).encode()


def _other_r(bench: Bench, draft: Draft) -> Parcel:
    other = replace(share(draft), r=Scalar.reduce(b"\x01" * 64))
    return draft.signed.encode(), other.encode()


def _altered_item(bench: Bench, draft: Draft) -> Parcel:
    (item,) = share(draft).items
    altered = replace(item, content=item.content[:-1] + b"\x00")
    return draft.signed.encode(), replace(share(draft), items=(altered,)).encode()


def _alpha_too(bench: Bench, draft: Draft) -> Parcel:
    return draft.signed.encode(), share(draft, 0, 1).encode()


def _alpha_only(bench: Bench, draft: Draft) -> Parcel:
    return draft.signed.encode(), share(draft, 0).encode()


def _no_items(bench: Bench, draft: Draft) -> Parcel:
    return draft.signed.encode(), Share((), draft.body.digests, draft.body.r).encode()


def _three_items(bench: Bench, draft: Draft) -> Parcel:
    digests = (*draft.body.digests, draft.body.digests[0])
    entry = draft.signed.entry
    commitment = commit(
        origin=entry.origin,
        kind=entry.kind,
        author=entry.author,
        date=entry.day.isoformat(),
        digests=digests,
        r=draft.body.r,
    )
    wider = Share(share(draft).items, digests, draft.body.r)
    signed = signed_anew(bench, replace(entry, commitment=commitment.encode()))
    return signed.encode(), wider.encode()


def _junk_entry(bench: Bench, draft: Draft) -> Parcel:
    return b"junk", share(draft).encode()


def _junk_share(bench: Bench, draft: Draft) -> Parcel:
    return draft.signed.encode(), b"junk"


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (_foreign, "not-stored"),
        (_other_origin, "not-stored"),
        (_other_kind, "not-stored"),
        (_two_lines, "signature"),
        (_anothers_line, "signature"),
        (_false_line, "signature"),
        (_unknown_key, "signature"),
        (_too_old, "date"),
        (_too_young, "date"),
        (_no_commitment, "commitment"),
        (_identity, "commitment"),
        (_no_point, "commitment"),
        (_other_body, "malformed"),
        (_other_r, "malformed"),
        (_altered_item, "malformed"),
        (_alpha_too, "malformed"),
        (_alpha_only, "malformed"),
        (_no_items, "malformed"),
        (_three_items, "malformed"),
        (_junk_entry, "malformed"),
        (_junk_share, "malformed"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_what_does_not_hold_is_refused_for_its_reason_and_not_stored(
    founded: Founded, spoil: Callable[[Bench, Draft], Parcel], reason: str
) -> None:
    async def scenario() -> None:
        async with Bench(founded, "bzk") as bench:
            (answer,) = await push(bench, spoil(bench, bench.draft("uwv")))

            assert isinstance(answer, RefusedError)
            assert answer.reason == reason
            assert held(bench) == 0

    run(scenario())


@pytest.mark.parametrize("days", [-1, 1])
def test_a_day_off_is_tolerated(founded: Founded, days: int) -> None:
    async def scenario() -> None:
        async with Bench(founded, "bzk") as bench:
            draft = bench.draft("uwv", day=bench.clock.today() + timedelta(days=days))

            (answer,) = await push(bench, parcel(draft))

            assert isinstance(answer, SignatureLine)

    run(scenario())

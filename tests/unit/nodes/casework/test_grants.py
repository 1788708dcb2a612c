"""What is received with a grant is what was posted, or it is refused and a caseworker reads why."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from ledger.body import Item
from ledger.disclosure import Disclosure
from ledger.exchange.message import Grant, Message, Request
from ledger.exchange.words import Necessity, Release
from ledger.sdjwt import SdJwt, disclosure, read_disclosure
from nodes.adapters import vault_of
from nodes.casework.seen import Shown
from nodes.store.casework import CaseStore
from tests.support.cluster import FIELDS
from tests.support.consortium import Founded, found
from tests.support.desks import (
    ACUTE,
    BASIS,
    MATCH,
    OTHER,
    PERSON,
    PURPOSE,
    Meeting,
    Side,
    denied,
    place,
    story,
)
from tests.support.mailbag import Posted
from tests.support.parties import seeded
from tests.support.scan import Scanner

Change = Callable[[Grant], Grant]


def altered(posted: Posted, change: Change) -> Posted:
    """Return a grant as an altered node would send it."""
    message = posted.read
    assert isinstance(message.content, Grant)
    changed = Message(message.match, message.desk, change(message.content))
    return replace(posted, raw=changed.encode())


def with_claims(change: Callable[[Sequence[str]], Sequence[str]]) -> Change:
    """Return what changes the disclosures of a grant."""
    return lambda grant: replace(
        grant,
        disclosure=Disclosure(grant.disclosure.share, tuple(change(grant.disclosure.disclosures))),
    )


def with_claim(**changed: object) -> Change:
    """Return what changes salt, name or value of the first disclosure."""

    def change(texts: Sequence[str]) -> Sequence[str]:
        read = read_disclosure(texts[0])._replace(**changed)  # type: ignore[arg-type]
        return [disclosure(salt=read.salt, name=read.name, value=read.value), *texts[1:]]

    return with_claims(change)


def with_jwt(change: Callable[[bytes], bytes]) -> Change:
    def changed(grant: Grant) -> Grant:
        share = grant.disclosure.share
        (item,) = share.items
        other = replace(share, items=(Item(item.index, item.salt, change(item.content)),))
        return replace(grant, disclosure=Disclosure(other, grant.disclosure.disclosures))

    return changed


def of_another_digest(grant: Grant) -> Grant:
    share = grant.disclosure.share
    digests = (share.digests[1], share.digests[0], share.digests[2])
    return replace(
        grant,
        disclosure=Disclosure(replace(share, digests=digests), grant.disclosure.disclosures),
    )


LIES: dict[str, Change] = {
    "salt": with_claim(salt=bytes(16)),
    "name": with_claim(name="severity"),
    "value": with_claim(value="wonen"),
    "duplicate": with_claims(lambda texts: [*texts, texts[0]]),
    "unreferenced": with_claims(
        lambda texts: [*texts, disclosure(salt=bytes(16), name="period", value="x")]
    ),
    "reserved": with_claims(
        lambda texts: [*texts, disclosure(salt=bytes(16), name="_sd", value="x")]
    ),
    "without-bsn": with_claims(lambda texts: texts[:1]),
    "jwt": with_jwt(lambda jwt: jwt[:-20] + (b"B" if jwt[-20:-19] == b"A" else b"A") + jwt[-19:]),
    "payload": with_jwt(lambda jwt: b"x" + jwt[1:]),
    "digests": of_another_digest,
}


async def received(met: Meeting, change: Change = lambda grant: grant) -> bytes:
    """Let UWV grant, and SVB get something else; return the request."""
    request = await met.granted()
    (posted,) = met.uwv.bag.take()
    await met.svb.receive(altered(posted, change), author="uwv")
    return request


async def shown(met: Meeting, request: bytes) -> Shown:
    svb = met.svb
    return await svb.casework.shown(svb.worker, await svb.case_id(), MATCH, request)


def test_what_was_granted_is_shown_with_what_proves_it(founded: Founded) -> None:
    async def told(met: Meeting) -> None:
        request = await received(met)

        seen = await shown(met, request)

        assert seen.fields == {"theme": FIELDS["theme"]}
        block = met.uwv.bench.block_of(met.uwv.local_id)
        assert block is not None
        entry = block.signed.entry
        assert seen.proof.entry_id == block.signed.id.hex()
        assert seen.proof.day == entry.day
        assert seen.proof.key == "signaalketen.test/demo/uwv/sd-jwt"
        assert set(seen.proof.claims) == {"theme"}

    story(founded, told)


@pytest.mark.parametrize("lie", LIES)
def test_disclosure_that_lies_is_refused_and_the_timeline_says_so(
    founded: Founded, lie: str
) -> None:
    async def told(met: Meeting) -> None:
        request = await received(met, LIES[lie])

        line = await met.svb.last_line()
        assert (line.kind, line.by) == ("refused", None)
        assert line.text == (
            "refused: a grant of the other desk: "
            "it is not what the other agency committed to when it posted its signal"
        )
        assert met.svb.refusals() == {"message-forged uwv": 1}
        assert await denied(shown(met, request)) == "not-granted"
        # The true one can still come.
        assert (await met.svb.file()).pair.asked(request, is_own=True).is_open

    story(founded, told)


def test_disclosure_of_another_signal_of_the_same_author_is_refused(founded: Founded) -> None:
    async def told(met: Meeting) -> None:
        await place([met.uwv, met.svb], OTHER, key="second")
        match = seeded(16, "other")
        for side in met.sides:
            await side.meet(met.across(side), match=match, digits=OTHER.digits)
        request = await met.granted()
        (posted,) = met.uwv.bag.take()

        grant = posted.read.content
        node = met.uwv.node
        with node.database.read() as connection:
            second = node.matches.get(connection, match.hex())
            assert second is not None
            lent = node.office.hearing._grants.disclose(connection, second, fields=["theme"])
        assert isinstance(grant, Grant)
        await met.svb.receive(altered(posted, lambda g: replace(g, disclosure=lent)), author="uwv")

        assert met.svb.refusals() == {"message-forged uwv": 1}
        assert await denied(shown(met, request)) == "not-granted"

    story(founded, told)


def test_disclosure_about_another_person_is_refused(founded: Founded) -> None:
    async def told(met: Meeting) -> None:
        request = await met.granted()
        (posted,) = met.uwv.bag.take()
        node = met.svb.node
        with node.database.read() as connection:
            match = node.matches.get(connection, MATCH.hex())
        assert match is not None
        grant = posted.read.content
        assert isinstance(grant, Grant)

        with node.database.read() as connection, pytest.raises(Exception, match="another person"):
            node.office.hearing._grants.verify(
                connection, replace(match, digits=OTHER.digits), grant
            )
        assert request

    story(founded, told)


def test_disclosure_whose_block_is_not_final_here_is_refused(founded: Founded) -> None:
    async def told(met: Meeting) -> None:
        await met.granted()
        (posted,) = met.uwv.bag.take()
        met.svb.node.office.hearing._grants._final = lambda: met.uwv.height

        await met.svb.receive(posted, author="uwv")

        assert met.svb.refusals() == {"message-forged uwv": 1}

    story(founded, told)


def test_expired_token_is_refused_when_it_comes_and_when_it_is_shown(tmp_path: Path) -> None:
    founded = found(tmp_path, change=lambda rules: rules.replace("signal = 730", "signal = 2"))

    async def told(met: Meeting) -> None:
        request = await met.granted()
        (posted,) = met.uwv.bag.take()
        await met.days(2)
        await met.svb.receive(posted, author="uwv")
        assert await denied(shown(met, request)) == "allowed"

        await met.days(2)

        assert await denied(shown(met, request)) == "term"
        await met.svb.receive(replace(posted, message=seeded(16, "again")), author="uwv")
        assert met.svb.refusals() == {"message-forged uwv": 1}

    story(founded, told)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda g: replace(g, request=seeded(16, "never")), "unknown-request"),
        (lambda g: replace(g, last_day=g.last_day - timedelta(days=31)), "term"),
        (lambda g: replace(g, last_day=g.last_day + timedelta(days=400)), "term"),
        (lambda g: replace(g, release=Release.BREAK_GLASS), "fields"),
    ],
)
def test_grant_that_is_true_and_may_not_be_is_refused(
    founded: Founded, change: Change, reason: str
) -> None:
    async def told(met: Meeting) -> None:
        request = await received(met, change)

        assert met.svb.refusals() == {f"message-{reason} uwv": 1}
        assert (await met.svb.last_line()).kind == "refused"
        assert await denied(shown(met, request)) == "not-granted"

    story(founded, told)


def test_true_grant_of_a_field_that_was_not_asked_is_refused(founded: Founded) -> None:
    async def told(met: Meeting) -> None:
        await met.confirmed()
        request = await met.ask(met.svb, Request(PURPOSE, BASIS, Necessity.ACUTE, ("theme",)))
        node = met.uwv.node
        with node.database.read() as connection:
            match = node.matches.get(connection, MATCH.hex())
            assert match is not None
            more = node.office.hearing._grants.disclose(
                connection, match, fields=["theme", "severity"]
            )
        last_day = met.clock.today()

        await met.svb.hear(Grant(request, Release.ORDINARY, last_day, more), of=met.uwv)

        assert met.svb.refusals() == {"message-fields uwv": 1}
        assert "were not asked" in (await met.svb.last_line()).text

    story(founded, told)


def test_second_grant_of_one_request_is_refused(founded: Founded) -> None:
    async def told(met: Meeting) -> None:
        request = await met.granted()
        (posted,) = met.uwv.bag.take()
        await met.svb.receive(posted, author="uwv")

        await met.svb.receive(replace(posted, message=seeded(16, "again")), author="uwv")

        assert met.svb.refusals() == {"message-answered uwv": 1}
        assert await denied(shown(met, request)) == "allowed"

    story(founded, told)


def test_what_was_granted_is_shown_to_caseworkers_of_the_desk_that_asked_only(
    founded: Founded,
) -> None:
    async def told(met: Meeting) -> None:
        request = await received(met)
        svb, case = met.svb, await met.svb.case_id()

        for actor, reason in (
            (svb.worker, "allowed"),
            (svb.colleague, "allowed"),
            (svb.approver, "role"),
            (svb.lead, "role"),
        ):
            assert await denied(svb.casework.shown(actor, case, MATCH, request)) == reason

    story(founded, told)


def test_what_was_granted_is_gone_after_its_last_day_also_from_the_disk(founded: Founded) -> None:
    async def told(met: Meeting) -> None:
        request = await received(met)
        svb = met.svb
        with svb.node.database.read() as connection:
            before = stored(svb, connection)
        assert _values(before) == {FIELDS["theme"], PERSON.digits}
        await met.days(30)
        await svb.node.office.timekeeper.turn()
        assert await denied(shown(met, request)) == "allowed"

        await met.days(1)
        assert await denied(shown(met, request)) == "term"
        await svb.node.office.timekeeper.turn()

        with svb.node.database.read() as connection:
            after = stored(svb, connection)
        assert _values(after) == {""}
        assert not after.disclosure.share.items
        file = await svb.file()
        assert file.erased == (request.hex(),)
        assert file.pair.asked(request, is_own=True).fields == ("theme",)
        assert "heard-grant" in [line.kind for line in file.timeline]
        # A clock that is set back shows it no more.
        met.clock.turn(days=-5)
        assert await denied(shown(met, request)) == "term"
        assert not Scanner([PERSON]).text(repr(file).encode())

    story(founded, told)


def stored(side: Side, connection: object) -> Grant:
    """Return the grant as it lies in the store."""
    store: CaseStore = side.node.office.timekeeper._store
    opening = store.opening(connection, MATCH.hex())  # type: ignore[arg-type]
    assert opening is not None
    for event in store.events(connection, opening):  # type: ignore[arg-type]
        message = getattr(event.event.act, "message", None)
        if isinstance(message, Message) and isinstance(message.content, Grant):
            return message.content
    raise AssertionError("no grant")


def _values(grant: Grant) -> set[str]:
    return {read_disclosure(text).value for text in grant.disclosure.disclosures}


def test_broken_glass_hands_over_the_fixed_fields_at_once_and_is_reviewed(
    founded: Founded,
) -> None:
    async def told(met: Meeting) -> None:
        await met.confirmed()
        request = await met.ask(met.svb, ACUTE)
        uwv, case = met.uwv, await met.uwv.case_id()

        await uwv.casework.break_glass(
            uwv.approver, case, MATCH, request, last_day=met.clock.today()
        )

        (posted,) = uwv.bag.sent
        assert posted.is_urgent
        assert uwv.bag.woken == 1
        await met.pump()
        assert set((await shown(met, request)).fields) == {"theme", "helpQuestion"}
        (waiting,) = await uwv.casework.queue(uwv.officer)
        assert (waiting.what, waiting.request) == ("review", request.hex())
        assert (
            await denied(uwv.casework.review(uwv.approver, case, MATCH, request, is_justified=True))
            == "role"
        )
        await uwv.casework.review(uwv.officer, case, MATCH, request, is_justified=True)
        assert await uwv.casework.queue(uwv.officer) == []

    story(founded, told)


def test_clock_that_is_set_back_shows_nothing_again_that_had_ended(founded: Founded) -> None:
    async def told(met: Meeting) -> None:
        request = await received(met)
        await met.days(31)
        assert await denied(shown(met, request)) == "term"

        met.clock.turn(days=-5)

        assert await denied(shown(met, request)) == "term"

    story(founded, told)


def test_signal_whose_bsn_was_not_kept_is_granted_to_nobody(founded: Founded) -> None:
    async def told(met: Meeting) -> None:
        await met.confirmed()
        request = await met.ask(met.svb)
        await met.prepare(met.uwv, request)
        uwv, vault = met.uwv, vault_of(met.uwv.node.keyring)
        with uwv.node.database.begin() as connection:
            whole = SdJwt.decode(uwv.node.signals.disclosures.sdjwt(connection, uwv.local_id))
            bare = whole.only(set(FIELDS)).encode().encode()
            box = vault.lock(bare, table="disclosure", row=uwv.local_id, column="sdjwt_box")
            connection.exec_driver_sql("UPDATE disclosure SET sdjwt_box = ?", (box,))

        approve = uwv.casework.approve(uwv.approver, await uwv.case_id(), MATCH, request)

        assert await denied(approve) == "not-there"
        assert uwv.bag.sent == []
        assert (await uwv.file()).pair.asked(request, is_own=False).is_open

    story(founded, told)

"""Dossiers: played under the document that was in force, whatever is in force now."""

from ledger.consortium import Consortium
from ledger.exchange.message import Text
from nodes import ceremony
from nodes.casework.documents import Documents
from tests.support.consortium import ROLES, Founded
from tests.support.desks import MATCH, Meeting, denied, story


async def turn(met: Meeting, founded: Founded) -> Consortium:
    """Let a document come into force that lets SVB ask for the period alone."""
    rules, cards = ceremony.succeed(founded.document, [])
    old = 'desk = "svb/de-bedoeling"\nfields = ['
    head, _, tail = rules.partition(old)
    assert tail
    rules = f'{head}{old}"period",\n]{tail.partition("]")[2]}'
    document = ceremony.draft_document(rules, cards, previous=founded.document)
    draft = ceremony.draft_entry(document, author="uwv", day=met.clock.today())
    signed = ceremony.decode_draft(ceremony.encode_draft(draft))
    for name in ROLES:
        signed = ceremony.sign_draft(signed, founded.keyring(name))
    met.uwv.bench.order.append([signed.encode()])
    for side in met.sides:
        await side.bench.catch_up()
    assert met.svb.node.replica.document == document
    return document


def test_what_was_granted_under_an_older_document_is_still_played(founded: Founded) -> None:
    async def tale(met: Meeting) -> None:
        request = await met.granted()
        await met.pump()
        before = await met.svb.file()

        await turn(met, founded)

        after = await met.svb.file()
        assert after == before
        shown = await met.svb.casework.shown(
            met.svb.worker, await met.svb.case_id(), MATCH, request
        )
        assert set(shown.fields) == {"theme"}
        assert await denied(met.ask(met.svb)) == "fields"
        await met.say(met.svb, Text("Dank."))
        assert (await met.uwv.last_line()).text == "svb/de-bedoeling: Dank."

    story(founded, tale)


def test_what_was_asked_under_an_older_document_is_granted_by_the_newest_only(
    founded: Founded,
) -> None:
    async def tale(met: Meeting) -> None:
        await met.confirmed()
        request = await met.ask(met.svb)
        await met.prepare(met.uwv, request, fields=["theme"])

        await turn(met, founded)

        uwv = met.uwv
        approve = uwv.casework.approve(uwv.approver, await uwv.case_id(), MATCH, request)
        assert await denied(approve) == "fields"
        await met.prepare(uwv, request, fields=["period"])
        await uwv.casework.approve(uwv.approver, await uwv.case_id(), MATCH, request)
        await met.pump()
        assert met.svb.refusals() == {}

    story(founded, tale)


def test_documents_are_those_in_force_after_so_many_blocks(founded: Founded) -> None:
    async def tale(met: Meeting) -> None:
        newest = await turn(met, founded)
        documents = Documents(met.svb.node.replica)
        size = documents.size
        with met.svb.node.database.read() as connection:
            heights = documents.heights(connection)
            found = [
                documents.at(connection, at, heights=heights) for at in (1, size - 1, size, 99)
            ]
        assert heights == [0, size - 1]
        assert found == [founded.document, founded.document, newest, newest]

    story(founded, tale)

"""The record of a generation: what holds leads to an epoch; whoever says what does not is named."""

from dataclasses import replace

import pytest

from ledger.consortium import Group
from ledger.dkg.complaint import complain
from ledger.dkg.envelope import Route
from ledger.dkg.rounds import accept, certify, contribute
from ledger.encoding import Digest, sha256
from ledger.errors import CulpritError, LedgerError, MalformedError, VerificationError
from ledger.generation.plan import Plan, expected_of
from ledger.generation.record import Record, complaint_content
from ledger.generation.statement import Statement, Step
from ledger.generation.trial import trial_element, try_share
from ledger.group import generator_times
from tests.support.generating import scalar, secrets_of
from tests.support.parties import make_consortium, make_member, seeded

CONSORTIUM = make_consortium()
DOCUMENT = CONSORTIUM.document
AGENCIES, INDEPENDENTS = DOCUMENT.groups
PLAN = Plan(DOCUMENT.origin, "multiproblematiek", 1, DOCUMENT.digest, seeded(32, "run"))
ORDER = (Step.KEY, Step.CONTRIBUTION, Step.CERTIFICATE, Step.TRIAL)
SECRETS = {
    (group.name, holder): secrets_of(at, threshold=group.threshold)
    for at, (group, holder) in enumerate(expected_of(DOCUMENT), start=1)
}


def state(step: Step, group: Group, holder: str, content: bytes, *, plan: Plan = PLAN) -> bytes:
    statement = Statement(DOCUMENT.origin, holder, plan.digest, step, group.name, content)
    return statement.sign(make_member(holder).entry)


def content_of(record: Record, step: Step, group: Group, holder: str) -> bytes:
    """Return what an honest holder says."""
    mine, me = SECRETS[group.name, holder], group.holders.index(holder) + 1
    if step is Step.KEY:
        return generator_times(mine.static).encode()
    session = record.session(group)
    if step is Step.CONTRIBUTION:
        return contribute(session, me=me, secrets=mine).encode()
    sent = record.said(Step.CONTRIBUTION, group)
    accepted = accept(session, me=me, static=mine.static, contributions=sent)
    if step is Step.CERTIFICATE:
        return certify(accepted.transcript, static=mine.static).encode()
    element = trial_element(DOCUMENT.origin, record.epoch)
    return try_share(accepted.share, element, r=scalar("r", holder)).encode()


def honest(record: Record, step: Step) -> list[bytes]:
    return [
        state(step, group, holder, content_of(record, step, group, holder))
        for group, holder in expected_of(DOCUMENT)
    ]


def up_to(last: Step) -> Record:
    """Return a record of honest holders, before step `last`."""
    record = Record(PLAN, DOCUMENT)
    for step in ORDER[: ORDER.index(last)]:
        record.take(step, honest(record, step))
    return record


def test_what_all_say_rightly_leads_to_an_epoch_that_its_rules_admit() -> None:
    record = Record(PLAN, DOCUMENT)

    for step in ORDER:
        record.take(step, honest(record, step))

    epoch = record.epoch
    assert (epoch.purpose, epoch.number) == ("multiproblematiek", 1)
    secrets = [of.coefficients[0] for of in SECRETS.values()]
    total = secrets[0] + secrets[1] + secrets[2] + secrets[3]
    assert epoch.verify_shares(DOCUMENT.groups) == generator_times(total)


def test_the_order_in_which_statements_come_changes_nothing() -> None:
    one, other = up_to(Step.TRIAL), Record(PLAN, DOCUMENT)

    for step in ORDER[:3]:
        other.take(step, honest(other, step)[::-1])

    assert other.epoch == one.epoch


@pytest.mark.parametrize("liar", ["uwv", "svb", "szw", "bzk"])
@pytest.mark.parametrize("step", ORDER)
def test_whoever_says_something_else_is_named(step: Step, liar: str) -> None:
    record = up_to(step)
    said = honest(record, step)
    at = [holder for _, holder in expected_of(DOCUMENT)].index(liar)
    group = expected_of(DOCUMENT)[at][0]
    for content in (b"", bytes(32), content_of(record, step, group, liar)[:-1] + b"\xff\xff"):
        said[at] = state(step, group, liar, content)

        with pytest.raises(CulpritError) as caught:
            up_to(step).take(step, said)

        assert caught.value.member == liar


def test_one_key_said_by_two_is_refused_with_both_names() -> None:
    record = Record(PLAN, DOCUMENT)
    said = honest(record, Step.KEY)
    content = Statement.decode(said[1], DOCUMENT).content
    said[0] = state(Step.KEY, AGENCIES, AGENCIES.holders[0], content)

    with pytest.raises(VerificationError, match=" and ".join(AGENCIES.holders[:2])):
        record.take(Step.KEY, said)


def test_the_certificate_of_another_transcript_is_named() -> None:
    record = up_to(Step.CERTIFICATE)
    said = honest(record, Step.CERTIFICATE)
    static = SECRETS["agencies", "svb"].static
    at = AGENCIES.holders.index("svb")
    other = certify(b"another transcript", static=static).encode()
    said[at] = state(Step.CERTIFICATE, AGENCIES, "svb", other)

    with pytest.raises(CulpritError, match="svb: agencies: certificate"):
        record.take(Step.CERTIFICATE, said)


def test_the_trial_of_another_share_is_named() -> None:
    record = up_to(Step.TRIAL)
    said = honest(record, Step.TRIAL)
    element = trial_element(DOCUMENT.origin, record.epoch)
    other = try_share(scalar("another share"), element, r=scalar("r")).encode()
    said[-1] = state(Step.TRIAL, INDEPENDENTS, "bzk", other)

    with pytest.raises(CulpritError, match="bzk: its trial"):
        record.take(Step.TRIAL, said)


def test_what_is_missing_or_said_twice_or_out_of_turn_is_refused() -> None:
    record = Record(PLAN, DOCUMENT)
    said = honest(record, Step.KEY)

    for wrong, reason in (
        (said[:-1], "nothing by bzk"),
        ([*said, said[0]], "two statements"),
        ([], "nothing by bzk, svb, szw, uwv"),
        ([*said[:3], state(Step.KEY, AGENCIES, "bzk", b"")], "nothing by bzk"),
    ):
        with pytest.raises(VerificationError, match=reason):
            Record(PLAN, DOCUMENT).take(Step.KEY, wrong)
    with pytest.raises(VerificationError, match="not its turn"):
        record.take(Step.CONTRIBUTION, said)


def test_what_was_said_under_another_plan_or_in_another_step_does_not_count() -> None:
    said = honest(Record(PLAN, DOCUMENT), Step.KEY)
    content = Statement.decode(said[0], DOCUMENT).content
    holder = AGENCIES.holders[0]
    other = replace(PLAN, run=bytes(32))

    for foreign in (
        state(Step.KEY, AGENCIES, holder, content, plan=other),
        state(Step.TRIAL, AGENCIES, holder, content),
    ):
        with pytest.raises(VerificationError, match="another plan or step"):
            Record(PLAN, DOCUMENT).take(Step.KEY, [foreign, *said[1:]])


def test_nobody_can_speak_for_another() -> None:
    said = honest(Record(PLAN, DOCUMENT), Step.KEY)
    content = Statement.decode(said[0], DOCUMENT).content
    statement = Statement(
        DOCUMENT.origin, AGENCIES.holders[0], PLAN.digest, Step.KEY, "agencies", content
    )
    forged = statement.sign(make_member("bzk").entry)

    with pytest.raises(VerificationError, match="not signed by the member it names"):
        Record(PLAN, DOCUMENT).take(Step.KEY, [forged, *said[1:]])


def test_a_plan_for_another_document_has_no_record() -> None:
    with pytest.raises(VerificationError, match="another consortium document"):
        Record(replace(PLAN, document=sha256(b"another")), DOCUMENT)


def test_there_is_no_epoch_before_all_have_certified() -> None:
    with pytest.raises(VerificationError, match="not all have certified"):
        _ = up_to(Step.CERTIFICATE).epoch


def complaint_by(record: Record, holder: str, accused: int) -> Statement:
    """Return the complaint of an agency about the one at the place `accused`."""
    me = AGENCIES.holders.index(holder) + 1
    session = record.session(AGENCIES)
    ephemeral = generator_times(SECRETS["agencies", AGENCIES.holders[accused - 1]].ephemeral)
    route = Route(session, accused, me, ephemeral)
    made = complain(route, static=SECRETS["agencies", holder].static, r=scalar("r"))
    content = complaint_content(accused, made)
    return Statement(DOCUMENT.origin, holder, PLAN.digest, Step.COMPLAINT, "agencies", content)


def test_a_complaint_about_a_wrong_ciphertext_names_its_sender() -> None:
    record = up_to(Step.CONTRIBUTION)
    said = honest(record, Step.CONTRIBUTION)
    # The last byte belongs to the last holder's ciphertext.
    content = Statement.decode(said[0], DOCUMENT).content
    content = content[:-1] + bytes([content[-1] ^ 1])
    said[0] = state(Step.CONTRIBUTION, AGENCIES, AGENCIES.holders[0], content)
    record.take(Step.CONTRIBUTION, said)
    last = AGENCIES.holders[-1]

    blame = record.judge(complaint_by(record, last, 1))

    assert blame.member == AGENCIES.holders[0]
    assert "ciphertext" in str(blame)


def test_a_complaint_about_nothing_names_who_complains() -> None:
    record = up_to(Step.CERTIFICATE)
    good = complaint_by(record, "uwv", 1)

    for false in (
        good,
        replace(good, content=good.content[:-1]),
        replace(good, content=bytes(4) + good.content[4:]),
        replace(good, content=b"\0\0\0\4" + good.content[4:]),
        replace(good, content=b""),
        replace(good, group="independents"),
        replace(good, group="nobody"),
    ):
        assert record.judge(false).member == "uwv"


@pytest.mark.parametrize(
    "change",
    [
        {"member": "svb"},
        {"plan": bytes(32)},
        {"step": Step.TRIAL},
        {"group": "independents"},
        {"content": b"other"},
        {"origin": "other.test/x"},
    ],
)
def test_a_signature_covers_every_line_of_a_statement(change: dict[str, object]) -> None:
    fields: dict[str, object] = {
        "origin": DOCUMENT.origin,
        "member": "uwv",
        "plan": PLAN.digest,
        "step": Step.KEY,
        "group": "agencies",
        "content": b"content",
    }
    key = make_member("uwv").entry
    raw = Statement(**fields).sign(key)  # type: ignore[arg-type]
    other = Statement(**(fields | change)).sign(key)  # type: ignore[arg-type]
    Statement.decode(raw, DOCUMENT)

    signature = raw.split(b"\n\n")[1]
    with pytest.raises(LedgerError):
        Statement.decode(other.split(b"\n\n")[0] + b"\n\n" + signature, DOCUMENT)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda raw: raw.replace(b"\nkey\n", b"\nKEY\n"),
        lambda raw: raw.replace(b"\nkey\n", b"\n\n"),
        lambda raw: raw.replace(b"/generation/v1", b"/generation/v2"),
        lambda raw: b"\n" + raw,
        lambda raw: raw + raw.split(b"\n\n")[1],
        lambda raw: raw[:-1],
    ],
)
def test_anything_else_is_no_statement(wrong: object) -> None:
    raw = state(Step.KEY, AGENCIES, "uwv", b"content")

    with pytest.raises(LedgerError):
        Statement.decode(wrong(raw), DOCUMENT)  # type: ignore[operator]


def test_a_plan_with_bad_fields_is_malformed() -> None:
    for wrong in (
        replace(PLAN, number=0),
        replace(PLAN, number=2**31),
        replace(PLAN, replaces=1),
        replace(PLAN, number=2, replaces=2),
        replace(PLAN, purpose="../x"),
        replace(PLAN, run=b"short"),
        replace(PLAN, document=Digest(b"short")),
    ):
        with pytest.raises(MalformedError):
            Plan.decode(wrong.encode())
    for plan in (PLAN, replace(PLAN, number=2, replaces=1)):
        assert Plan.decode(plan.encode()) == plan


def test_two_groups_of_one_plan_run_in_sessions_of_their_own() -> None:
    keys = [generator_times(scalar(at)) for at in range(3)]
    twin = replace(AGENCIES, name="others")

    one, other = PLAN.session(AGENCIES, keys), PLAN.session(twin, keys)

    assert one.context != other.context
    assert one.extension != other.extension

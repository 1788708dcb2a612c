"""A holder's part: what it says once it does not say differently, and signs only what it has."""

from dataclasses import replace
from datetime import timedelta
from itertools import combinations
from pathlib import Path

import pytest

from ledger.backup import ShareBackup
from ledger.dkg.rounds import Secrets
from ledger.epoch import EpochDocument
from ledger.errors import LedgerError, MalformedError, VerificationError
from ledger.generation.record import Record
from ledger.generation.statement import ORDER, Statement, Step
from ledger.group import Point, generator_times, hash_to_point, sum_points
from ledger.threshold import combine, public_key
from nodes.errors import ConfigurationError
from nodes.generation.participant import SIGN, Participant
from nodes.peers.sealed import open_fields, seal_fields
from nodes.shares import BACKUPS, FOLDER
from nodes.store.database import Database
from tests.support.chain import PURPOSE
from tests.support.epochs import deal, opening
from tests.support.participants import LEADER, Participants, by, recovery_of


@pytest.fixture
def holders(database: Database, tmp_path: Path) -> Participants:
    return Participants(database, tmp_path)


def sign_all(holders: Participants, record: Record, trials: list[bytes]) -> list[bytes]:
    """Let all holders sign the epoch of `record`."""
    return holders.ask(SIGN, [*trials, holders.entry(record).encode().encode()])


def generated(holders: Participants) -> tuple[Record, list[bytes]]:
    """Generate up to the trials; return the record, and the trials."""
    record = holders.record(Step.CERTIFICATE)
    certificates = [
        raw
        for one in holders.of.values()
        for raw in one._runs[LEADER].answered[Step.CERTIFICATE][1]
    ]
    return record, holders.ask(Step.TRIAL, certificates)


def test_all_end_with_a_share_each_of_the_one_key_of_the_epoch(holders: Participants) -> None:
    record, trials = generated(holders)
    record.take(Step.TRIAL, trials)
    lines = sign_all(holders, record, trials)

    epoch, element = record.epoch, hash_to_point(b"\x05" * 64)
    held = {name: shares.of(epoch, holder=name) for name, shares in holders.shares.items()}
    evaluated = {name: element.times(of[0].scalar) for name, of in held.items()}
    groups = epoch.groups(holders.document.groups)
    outcomes = set()
    agencies, independents = holders.document.groups
    for some in combinations(agencies.holders, agencies.threshold):
        chosen = {agencies.holders.index(name) + 1: evaluated[name] for name in some}
        outcomes.add(combine(groups, [chosen, {1: evaluated[independents.holders[0]]}]))
    assert len(outcomes) == 1
    assert public_key(groups) == epoch.verify_shares(holders.document.groups)
    assert len({of[0].scalar.encode() for of in held.values()}) == len(lines) == 4


def test_a_share_is_on_disk_with_its_backup_before_it_is_said_that_it_works(
    holders: Participants, tmp_path: Path
) -> None:
    certificates = holders.up_to(Step.CERTIFICATE)
    plan, uwv = holders.plan(), holders.of["uwv"]
    assert not (tmp_path / "uwv").exists()

    uwv.take(plan, Step.TRIAL, certificates, sender=LEADER)

    (share,) = (tmp_path / "uwv" / FOLDER).iterdir()
    (path,) = (tmp_path / "uwv" / BACKUPS).iterdir()
    backup = ShareBackup.decode(path.read_bytes())
    opened = backup.open(key=recovery_of("uwv"), origin=plan.origin, holder="uwv")
    assert opened.encode() == share.read_bytes()
    with pytest.raises(VerificationError):
        backup.open(key=recovery_of("svb"), origin=plan.origin, holder="uwv")


@pytest.mark.parametrize(("refusing", "left"), [(BACKUPS, 0), (FOLDER, 0)])
def test_what_the_disk_refuses_is_not_said_to_be_kept(
    holders: Participants, tmp_path: Path, refusing: str, left: int
) -> None:
    certificates = holders.up_to(Step.CERTIFICATE)
    (tmp_path / "uwv").mkdir()
    (tmp_path / "uwv" / refusing).write_text("in the way")

    with pytest.raises(ConfigurationError):
        holders.of["uwv"].take(holders.plan(), Step.TRIAL, certificates, sender=LEADER)

    assert len(list((tmp_path / "uwv").glob(f"{FOLDER}/*"))) == left
    with pytest.raises(VerificationError, match="begin it again"):
        holders.of["uwv"].take(holders.plan(), Step.TRIAL, certificates, sender=LEADER)


def test_the_same_question_has_the_same_answer_and_another_has_none(
    holders: Participants,
) -> None:
    keys = holders.up_to(Step.KEY)
    plan, uwv = holders.plan(), holders.of["uwv"]

    first = uwv.take(plan, Step.CONTRIBUTION, keys, sender=LEADER)
    again = uwv.take(plan, Step.CONTRIBUTION, keys, sender=LEADER)

    assert first == again
    changed = list(keys)
    at = by(keys, "svb")
    changed[at] = holders.restate(keys[at], content=generator_times_of(7).encode())
    with pytest.raises(VerificationError, match="asked before, and differently"):
        uwv.take(plan, Step.CONTRIBUTION, changed, sender=LEADER)


def generator_times_of(seed: int) -> Point:
    return hash_to_point(bytes([seed]) * 64)


def test_no_two_runs_share_a_secret(holders: Participants) -> None:
    first = holders.up_to(Step.CONTRIBUTION, plan=holders.plan(run=1))
    second = holders.up_to(Step.CONTRIBUTION, plan=holders.plan(run=2))

    contents = [Statement.decode(raw, holders.document).content for raw in first + second]
    # A message's first 32 bytes commit to its sender's secret.
    assert len({content[:32] for content in contents}) == 8


def test_what_was_drawn_is_forgotten_once_the_share_is_kept(holders: Participants) -> None:
    _, trials = generated(holders)

    for one in holders.of.values():
        run = one._runs[LEADER]
        assert (run.drawn, run.accepted) == ({}, {})
    assert trials


def test_secrets_are_not_printed(holders: Participants) -> None:
    holders.up_to(Step.CERTIFICATE)
    run = holders.of["uwv"]._runs[LEADER]
    (drawn,) = run.drawn.values()
    (accepted,) = run.accepted.values()

    assert isinstance(drawn, Secrets)
    for secret in (drawn.static, *drawn.coefficients, accepted.share):
        assert repr(secret.encode())[2:-1] not in repr(run)


@pytest.mark.parametrize("step", [*ORDER[1:], SIGN])
def test_a_holder_that_restarted_says_that_the_run_is_to_be_begun_again(
    holders: Participants, step: str
) -> None:
    uwv = holders.start("uwv")

    with pytest.raises(VerificationError, match="not known here; begin it again"):
        uwv.take(holders.plan(), step, [], sender=LEADER)


def test_steps_are_taken_in_turn(holders: Participants) -> None:
    keys = holders.up_to(Step.KEY)
    uwv, plan = holders.of["uwv"], holders.plan()

    with pytest.raises(LedgerError):
        uwv.take(plan, Step.CERTIFICATE, keys, sender=LEADER)
    with pytest.raises(VerificationError, match="begin it again"):
        uwv.take(plan, Step.CONTRIBUTION, keys, sender=LEADER)


def test_a_run_belongs_to_whoever_leads_it(holders: Participants) -> None:
    keys = holders.up_to(Step.KEY)

    with pytest.raises(VerificationError, match="not known here"):
        holders.of["uwv"].take(holders.plan(), Step.CONTRIBUTION, keys, sender="bzk")


@pytest.mark.parametrize("step", ["", "complaint", "keys"])
def test_another_step_is_malformed(holders: Participants, step: str) -> None:
    holders.up_to(Step.KEY)

    with pytest.raises(MalformedError, match="not known"):
        holders.of["uwv"].take(holders.plan(), step, [], sender=LEADER)


def test_a_plan_out_of_turn_or_for_nothing_here_is_refused(holders: Participants) -> None:
    uwv = holders.of["uwv"]

    with pytest.raises(VerificationError, match="expected epoch 1 of"):
        uwv.take(holders.plan(number=2), Step.KEY, [], sender=LEADER)
    with pytest.raises(VerificationError, match="no such purpose"):
        uwv.take(holders.plan(purpose="fraude"), Step.KEY, [], sender=LEADER)


def test_a_plan_under_another_document_is_refused(holders: Participants) -> None:
    plan = holders.plan()
    holders.follower.chain.amend(lambda draft: draft.update(k=12))
    holders.follower.catch_up()

    with pytest.raises(VerificationError, match="another consortium document"):
        holders.of["uwv"].take(plan, Step.KEY, [], sender=LEADER)


def test_a_third_open_epoch_is_not_generated(holders: Participants) -> None:
    for number in (1, 2):
        document = deal(holders.consortium, number).document
        holders.follower.apply(opening(holders.consortium, document))

    with pytest.raises(VerificationError, match="2 epochs are open"):
        holders.of["uwv"].take(holders.plan(number=3), Step.KEY, [], sender=LEADER)


def test_an_epoch_is_replaced_only_where_this_members_own_operator_agreed(
    holders: Participants,
) -> None:
    holders.follower.apply(opening(holders.consortium, deal(holders.consortium, 1).document))
    plan = holders.plan(number=2, replaces=1)
    uwv = holders.of["uwv"]
    holders.agreements["svb"].agree(PURPOSE, 1)

    with pytest.raises(VerificationError, match="operator has not agreed"):
        uwv.take(plan, Step.KEY, [], sender=LEADER)

    holders.agreements["uwv"].agree(PURPOSE, 1)
    assert uwv.take(plan, Step.KEY, [], sender=LEADER)
    holders.clock.turn(days=8)
    with pytest.raises(VerificationError, match="operator has not agreed"):
        uwv.take(holders.plan(number=2, replaces=1, run=2), Step.KEY, [], sender=LEADER)


def test_what_all_generate_says_which_epoch_it_replaces(holders: Participants) -> None:
    holders.follower.apply(opening(holders.consortium, deal(holders.consortium, 1).document))
    for agreements in holders.agreements.values():
        agreements.agree(PURPOSE, 1)
    plan = holders.plan(number=2, replaces=1)

    record, said = Record(plan, holders.document), list[bytes]()
    for step in ORDER:
        said = holders.ask(step, said, plan=plan)
        record.take(step, said)

    assert (record.epoch.number, record.epoch.replaces) == (2, 1)


def test_whoever_holds_nothing_takes_no_part(holders: Participants) -> None:
    stranger = Participant(
        keyring=holders.rings["uwv"],
        replica=holders.follower.replica,
        shares=holders.shares["uwv"],
        agreements=holders.agreements["uwv"],
        clock=holders.clock,
    )
    object.__setattr__(holders.rings["uwv"], "member", "gemeente")

    with pytest.raises(VerificationError, match="gemeente is no holder"):
        stranger.take(holders.plan(), Step.KEY, [], sender=LEADER)


@pytest.mark.parametrize(
    "change",
    [
        {"author": "uwv"},
        {"kind": "consortium"},
        {"further": "another epoch\n"},
        {"day": 2},
        {"day": -2},
    ],
    ids=["another author", "another kind", "another document", "a later day", "an earlier day"],
)
def test_a_holder_signs_nothing_but_the_epoch_that_was_generated(
    holders: Participants, change: dict[str, object]
) -> None:
    record, trials = generated(holders)
    if isinstance(days := change.get("day"), int):
        change = {"day": holders.clock.today() + timedelta(days=days)}
    entry = holders.entry(record, **change)

    with pytest.raises(LedgerError):
        holders.of["uwv"].take(
            holders.plan(), SIGN, [*trials, entry.encode().encode()], sender=LEADER
        )


def test_a_holder_signs_for_no_share_that_it_lost_meanwhile(holders: Participants) -> None:
    record, trials = generated(holders)
    holders.shares["uwv"].destroy(purpose=PURPOSE, number=1)

    with pytest.raises(ConfigurationError):
        holders.of["uwv"].take(
            holders.plan(), SIGN, [*trials, holders.entry(record).encode().encode()], sender=LEADER
        )


def test_a_holder_signs_nothing_while_a_trial_does_not_hold(holders: Participants) -> None:
    record, trials = generated(holders)
    at = by(trials, "svb")
    trials[at] = holders.restate(
        trials[at], content=Statement.decode(trials[at - 1], holders.document).content
    )

    with pytest.raises(VerificationError, match=r"^svb: its trial"):
        holders.of["uwv"].take(
            holders.plan(), SIGN, [*trials, holders.entry(record).encode().encode()], sender=LEADER
        )


def test_a_leader_that_shows_holders_different_things_gets_no_share_kept(
    holders: Participants, tmp_path: Path
) -> None:
    plan, leader = holders.plan(), holders.of[LEADER]
    shown = holders.ask(Step.CONTRIBUTION, holders.up_to(Step.KEY))
    run = leader._runs[LEADER]
    run.drawn = {
        group: replace(drawn, coefficients=drawn.coefficients[::-1])
        for group, drawn in run.drawn.items()
    }
    otherwise = list(shown)
    (otherwise[by(shown, LEADER)],) = leader._contribute(run)

    certificates = [
        raw
        for name, one in holders.of.items()
        for raw in one.take(
            plan, Step.CERTIFICATE, otherwise if name == "svb" else shown, sender=LEADER
        )
    ]

    for name, one in holders.of.items():
        with pytest.raises(VerificationError, match=f"or {LEADER}, who leads, showed it another"):
            one.take(plan, Step.TRIAL, certificates, sender=LEADER)
        assert not (tmp_path / name).exists()


def test_the_share_of_a_run_that_was_not_signed_goes_with_it(
    holders: Participants, tmp_path: Path
) -> None:
    generated(holders)
    uwv = holders.of["uwv"]
    held = holders.shares["uwv"].held()

    uwv.take(holders.plan(run=2), Step.KEY, [], sender=LEADER)

    assert len(held) == 1
    assert holders.shares["uwv"].held() == []
    assert holders.shares["uwv"].backups() == []
    assert len(holders.shares["svb"].held()) == 1


def test_the_share_of_a_run_that_was_signed_stays_while_its_epoch_may_still_open(
    holders: Participants,
) -> None:
    record, trials = generated(holders)
    sign_all(holders, record, trials)

    for one in holders.of.values():
        one.take(holders.plan(run=2), Step.KEY, [], sender=LEADER)

    for name, shares in holders.shares.items():
        assert len(shares.held()) == len(shares.backups()) == 1
        assert shares.of(record.epoch, holder=name)


def test_what_is_asked_and_answered_is_sealed(holders: Participants) -> None:
    origin, ring, leader = holders.document.origin, holders.rings["uwv"], holders.rings[LEADER]

    def ask(*fields: bytes) -> bytes:
        sealed = seal_fields(
            fields,
            to=ring.sealing.public,
            origin=origin,
            operation="generate",
            sender=LEADER,
            day="2026-11-24",
        )
        return holders.of["uwv"].answer(
            sealed, sender=LEADER, to=leader.sealing.public, document=holders.document
        )

    answer = ask(holders.plan().encode(), b"key")

    said = open_fields(
        answer, key=leader.sealing, origin=origin, operation="generate", sender="uwv"
    )
    assert [Statement.decode(raw, holders.document).step for raw in said] == [Step.KEY]
    assert said[0] not in answer
    for wrong in ((), (b"",), (b"", b"key"), (holders.plan().encode(), b"\xff")):
        with pytest.raises(LedgerError):
            ask(*wrong)


def test_the_key_of_an_epoch_is_the_sum_of_what_all_drew(holders: Participants) -> None:
    record = holders.record(Step.CERTIFICATE)

    drawn = [
        secrets.coefficients[0]
        for one in holders.of.values()
        for secrets in one._runs[LEADER].drawn.values()
    ]

    expected = sum_points([generator_times(secret) for secret in drawn])
    assert isinstance(record.epoch, EpochDocument)
    assert record.epoch.verify_shares(holders.document.groups) == expected

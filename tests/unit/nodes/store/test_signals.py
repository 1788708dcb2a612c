"""Own signals at rest."""

import secrets
from collections.abc import Callable

import pytest
from sqlalchemy import Connection

from ledger.bsn import synthetic_numbers
from nodes.errors import StorageError
from nodes.keyring import Keyring
from nodes.signal import Draft, Posting, draft_signal
from nodes.store.database import Database
from nodes.store.signals import Signals
from nodes.store.vault import Vault
from tests.support.cluster import FIELDS
from tests.support.consortium import found
from tests.support.fakes import NOON

ANN = next(synthetic_numbers())
SIGNALS = Signals(Vault(box_key=bytes(32), mac_key=bytes([1]) * 32))


@pytest.fixture(scope="module")
def ring(tmp_path_factory: pytest.TempPathFactory) -> Keyring:
    return found(tmp_path_factory.mktemp("consortium")).keyring("uwv")


def posting(reference: str = "CASE-4711") -> Posting:
    return Posting(ANN, "uwv/maatwerkplaats", "multiproblematiek", reference, FIELDS)


def draft(ring: Keyring) -> Draft:
    return draft_signal(posting(), keyring=ring, day=NOON.date(), random=secrets.token_bytes)


def add(connection: Connection, ring: Keyring, local_id: str, reference: str = "W") -> Draft:
    made = draft(ring)
    SIGNALS.add(
        connection,
        local_id=local_id,
        posting=posting(reference),
        draft=made,
        idempotency_mac=local_id.encode(),
        request_mac=b"request",
    )
    return made


def test_what_was_posted_reads_back(database: Database, ring: Keyring) -> None:
    with database.begin() as connection:
        made = add(connection, ring, "a1", "CASE-4711")

        own = SIGNALS.get(connection, "a1")
        assert own is not None
        assert (own.desk, own.case_reference, own.fields) == (
            "uwv/maatwerkplaats",
            "CASE-4711",
            FIELDS,
        )
        assert (own.height, own.is_final, own.entry_id) == (None, False, made.signed.id)
        assert SIGNALS.posting(connection, "a1") == posting("CASE-4711")
        assert SIGNALS.disclosures.sdjwt(connection, "a1") == made.sdjwt.encode()
        assert SIGNALS.body(connection, "a1") == made.body.share((0, 1, 2)).encode()
        assert SIGNALS.get(connection, "a2") is None


def test_the_file_shows_neither_person_nor_case(database: Database, ring: Keyring) -> None:
    with database.begin() as connection:
        add(connection, ring, "a1", "CASE-4711")
    assert database.truncate_log()

    raw = database.path.read_bytes()

    assert b"a1" in raw
    for secret in (ANN.digits, "CASE-4711", "maatwerkplaats", "schulden", "vastgelopen"):
        assert secret.encode() not in raw


@pytest.mark.parametrize(
    ("table", "column", "read"),
    [
        ("signal", "case_box", lambda c: SIGNALS.get(c, "a1")),
        ("signal", "person_box", lambda c: SIGNALS.posting(c, "a1")),
        ("signal", "body_box", lambda c: SIGNALS.body(c, "a1")),
        ("disclosure", "sdjwt_box", lambda c: SIGNALS.disclosures.sdjwt(c, "a1")),
    ],
)
def test_a_box_of_another_signal_does_not_pass_for_this_ones(
    database: Database,
    ring: Keyring,
    table: str,
    column: str,
    read: Callable[[Connection], object],
) -> None:
    with database.begin() as connection:
        add(connection, ring, "a1")
        add(connection, ring, "a2")
        assert read(connection)

        connection.exec_driver_sql(
            f"UPDATE {table} SET {column} = "
            f"(SELECT {column} FROM {table} WHERE local_id = 'a2') WHERE local_id = 'a1'"
        )

        with pytest.raises(StorageError, match="does not open"):
            read(connection)


def test_heights_are_given_to_own_entries_and_the_unknown_are_orphans(
    database: Database, ring: Keyring
) -> None:
    with database.begin() as connection:
        known, other = add(connection, ring, "a1"), draft(ring)

        placed = SIGNALS.put_on_chain(connection, [(7, known.signed.id), (8, other.signed.id)])

        assert placed == ["a1"]
        assert SIGNALS.waiting(connection) == []
        assert SIGNALS.orphans.heights(connection, 10) == [8]
        own = SIGNALS.at_height(connection, 7)
        assert own is not None
        assert own.local_id == "a1"
        assert SIGNALS.at_height(connection, 8) is None


def test_a_signal_is_drafted_anew_only_while_it_is_not_on_the_chain(
    database: Database, ring: Keyring
) -> None:
    with database.begin() as connection:
        first, second, third = add(connection, ring, "a1"), draft(ring), draft(ring)

        assert SIGNALS.redraft(connection, local_id="a1", posting=posting(), draft=second)
        assert SIGNALS.disclosures.sdjwt(connection, "a1") == second.sdjwt.encode()
        SIGNALS.put_on_chain(connection, [(7, second.signed.id)])

        assert not SIGNALS.redraft(connection, local_id="a1", posting=posting(), draft=third)
        assert SIGNALS.disclosures.sdjwt(connection, "a1") == second.sdjwt.encode()
        assert SIGNALS.local_ids(connection, [first.signed.id]) == []


def test_heights_become_final_from_start_up_to_end(database: Database, ring: Keyring) -> None:
    with database.begin() as connection:
        drafts = {f"a{i}": add(connection, ring, f"a{i}") for i in range(4)}
        SIGNALS.put_on_chain(
            connection, [(i, made.signed.id) for i, made in enumerate(drafts.values())]
        )

        final = SIGNALS.finalize(connection, start=1, end=3)
        assert [local_id for _, _, local_id in final] == ["a1", "a2"]

        assert [SIGNALS.is_final(connection, i) for i in drafts] == [False, True, True, False]


def test_what_waits_comes_in_the_order_in_which_it_was_posted(
    database: Database, ring: Keyring
) -> None:
    with database.begin() as connection:
        names = ["b", "a", "c"]
        for name in names:
            add(connection, ring, name)

        assert SIGNALS.waiting(connection) == names
        assert [o.local_id for o in SIGNALS.outgoing(connection, ["c", "a", "none"])] == ["c", "a"]
        assert SIGNALS.count_waiting(connection) == 3

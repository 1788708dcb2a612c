"""Readiness: what keeps a node from doing its work, each with the one thing to do about it.

no-chain            the founding block is not here yet
halted              the order cannot be followed further
catching-up         blocks of the order are still to be applied
order-stands-still  the engines decide nothing now, and who is missing
engine-misbehaved   an engine signed two things for one step; who and when, as the others proved it
people-not-read     people.toml was changed and will not do; who was in it before may act
disk                the database refuses
posting-waits       signals are safe here but cannot be pushed or submitted
locating-waits      too few key holders answer: posting goes on, matches come later
share-lost          a share of an open epoch's key is not on disk here any more
posting-anew        own live signals are posted anew, because their epoch's key was lost
epoch-replaced      nothing needs a replaced epoch any more: it is to be closed
generation-failed   the generation of a key that this node led did not end in an epoch
dispatch-waits      nobody takes the items of a locate, an answer, an erasure or an exchange
exchange-waits      messages to other issuers' desks wait longer than for the next beat, and why
signals-skipped     own signals that custodians or the state machine refuse, and why
no-quorum           blocks are applied and too few members cosign
not-vouched         this node cosigns nothing before others say what it cosigned last
fork                a member shows another history: proof that somebody lies
logbook-waits       log records do not reach the collector, or an hour's entry not the chain
not-announced       this member's URL and keys are not on the chain yet
own-signals-lost    own signals on the chain whose bodies this node does not have
"""

from dataclasses import dataclass

from nodes.errors import ConfigurationError, SequencerError, StorageError
from nodes.generation.progress import FAILED
from nodes.node import Node
from nodes.staff import Staff

_MAX_HEIGHTS = 1000


@dataclass(frozen=True, slots=True)
class Reason:
    """One thing that is wrong: a stable `code`, plain `text`, and what to do about it.

    `is_blocking` is False where the node works all the same. `heights` are blocks concerned.
    """

    code: str
    text: str
    remedy: str
    is_blocking: bool = True
    heights: tuple[int, ...] = ()


def reasons(node: Node, staff: Staff | None = None) -> list[Reason]:
    """Return everything that is wrong with `node` and its `staff`; empty when all is well."""
    found = _of_staff(staff)
    if node.follower.halted is not None:
        found.append(
            Reason("halted", node.follower.halted, "read the node's log, mend, restart the node")
        )
    if node.writer.failure is not None:
        found.append(_disk(node, node.writer.failure))
    found += _of_engine(node)
    if node.replica.document is None:
        found.append(
            Reason("no-chain", "the founding block is not applied yet", "check `order` and wait")
        )
        return found
    return (
        found
        + _of_order(node)
        + _of_outbox(node)
        + _of_matching(node)
        + _of_exchange(node)
        + _of_epochs(node)
        + _of_witness(node)
        + _of_own(node)
    )


def _of_staff(staff: Staff | None) -> list[Reason]:
    trouble = None if staff is None else staff.trouble()
    if trouble is None:
        return []
    remedy = "mend it: until then who was in it before may act"
    return [Reason("people-not-read", trouble, remedy, is_blocking=False)]


def _disk(node: Node, text: str) -> Reason:
    return Reason("disk", text, f"make room: df -h {node.settings.data_dir}")


def _of_order(node: Node) -> list[Reason]:
    try:
        behind = node.sequencer.head() - node.follower.position.value
    except SequencerError as cause:
        return [Reason("halted", str(cause), "mend `order`, restart the node")]
    if behind <= 0:
        return []
    return [Reason("catching-up", f"{behind} batches are to be applied", "wait")]


def _of_engine(node: Node) -> list[Reason]:
    if node.engine is None:
        return []
    found, state = [], node.engine.state
    if state.trouble is not None:
        found.append(
            Reason(
                "order-stands-still",
                f"{state.trouble}; what is posted is safe here and waits",
                "check the other members' /healthz and `engine.log` here",
            )
        )
    if state.seen is not None:
        found.append(Reason("catching-up", f"the engine has fetched up to {state.seen}", "wait"))
    found += [
        Reason(
            "engine-misbehaved",
            f"{proof.member or proof.address}: {proof.kind} at height {proof.height}, {proof.at}",
            "ask that member; two engines with one key are not allowed",
            is_blocking=False,
        )
        for proof in state.misbehaviour
    ]
    return found


def _of_outbox(node: Node) -> list[Reason]:
    found = []
    if node.outbox.trouble is not None:
        found.append(
            Reason("posting-waits", node.outbox.trouble, "check the other members' /readyz")
        )
    if skipped := node.outbox.skipped:
        words = ", ".join(sorted(set(skipped.values())))
        found.append(
            Reason(
                "signals-skipped",
                f"{len(skipped)} own signals were refused ({words}) and are tried again",
                "compare this member's roles, keys and quota in the consortium document",
                is_blocking=False,
            )
        )
    return found


def _of_matching(node: Node) -> list[Reason]:
    found = []
    if node.locating.trouble is not None:
        found.append(
            Reason(
                "locating-waits",
                node.locating.trouble,
                "check the key holders' /healthz; posting goes on",
                is_blocking=False,
            )
        )
    if node.courier.trouble is not None:
        found.append(
            Reason(
                "dispatch-waits",
                node.courier.trouble,
                "check the other members' /healthz; posting goes on",
                is_blocking=False,
            )
        )
    return found


def _of_exchange(node: Node) -> list[Reason]:
    if node.beat.trouble is None:
        return []
    return [
        Reason(
            "exchange-waits",
            node.beat.trouble,
            "check that member's /healthz and both clocks; messages are safe here",
            is_blocking=False,
        )
    ]


def _of_epochs(node: Node) -> list[Reason]:
    found = []
    epochs = node.replica.state.epochs
    for span in (span for spans in epochs.spans.values() for span in spans if span.has_key):
        try:
            node.shares.verify_stored(span.document, holder=node.keyring.member)
        except ConfigurationError as cause:
            found.append(
                Reason(
                    "share-lost",
                    f"epoch {span.document.number} of {span.document.purpose}: {cause}",
                    "`signaalketen share restore` from its backup; without one replace the epoch: "
                    "`signaalketen epoch agree` by every holder's operator, then "
                    f"`signaalketen epoch generate --purpose {span.document.purpose} "
                    f"--replaces {span.document.number}`",
                    is_blocking=False,
                )
            )
    found += _of_replaced(node)
    led = node.leader.newest
    if led is not None and led.state == FAILED and led.number == epochs.next_number(led.purpose):
        found.append(
            Reason(
                "generation-failed",
                f"epoch {led.number} of {led.purpose}: {led.fault}",
                f"mend that, then `signaalketen epoch generate --purpose {led.purpose}`",
                is_blocking=False,
            )
        )
    return found


def _of_replaced(node: Node) -> list[Reason]:
    found = []
    for one in node.reposting.progress():
        epoch = node.replica.state.epochs.spans[one.purpose][one.replaces - 1]
        if not one.is_over:
            refused = f"; {one.refused} cannot be, and stand as they are" if one.refused else ""
            found.append(
                Reason(
                    "posting-anew",
                    f"epoch {one.epoch} of {one.purpose} replaces epoch {one.replaces}, whose key "
                    f"is lost: {one.posted:,} of {one.total:,} signals are posted anew, and "
                    f"{one.done:,} of them stand in the old one's place{refused}",
                    "wait; if it does not go on, check the other members' /readyz",
                    is_blocking=False,
                )
            )
        elif epoch.closed is None:
            found.append(
                Reason(
                    "epoch-replaced",
                    f"epoch {one.replaces} of {one.purpose} was replaced, and all "
                    f"{one.done:,} signals of this member's stand under epoch {one.epoch}",
                    "when no member's node says posting-anew: `signaalketen epoch close "
                    f"--purpose {one.purpose} --number {one.replaces}`",
                    is_blocking=False,
                )
            )
    return found


def _of_witness(node: Node) -> list[Reason]:
    found = []
    waiting = node.progress.applied.value - node.progress.final.value
    if waiting and not node.witness.can_finalize():
        silent = ", ".join(f"{name}: {why}" for name, why in sorted(node.witness.silent.items()))
        found.append(
            Reason(
                "no-quorum",
                f"{waiting} blocks wait for cosignatures ({silent})",
                "check those members' /healthz",
            )
        )
    if node.vouching.trouble is not None:
        found.append(
            Reason(
                "not-vouched",
                f"after its start this node cosigns nothing yet: {node.vouching.trouble}",
                "start the other members' nodes; compare this disk with its backups",
                is_blocking=False,
            )
        )
    if disputes := node.witness.disputes | node.vouching.disputes:
        names = ", ".join(sorted(disputes))
        found.append(
            Reason(
                "fork",
                f"{names} shows another history",
                "compare GET /v1/contradictions; run `signaalketen audit` against both nodes",
            )
        )
    return found


def _of_own(node: Node) -> list[Reason]:
    found = []
    if trouble := node.logkeeper.trouble or node.log_export.trouble:
        found.append(
            Reason(
                "logbook-waits",
                trouble,
                "check the collector at `logbook.endpoint`; records are safe here and go later",
                is_blocking=False,
            )
        )
    if not node.announcer.is_announced():
        found.append(Reason("not-announced", "this member's card is not on the chain", "wait"))
    try:
        with node.database.read() as connection:
            lost, bare = node.signals.orphans.count(connection)
            heights = node.signals.orphans.heights(connection, _MAX_HEIGHTS)
    except StorageError as cause:
        return [*found, _disk(node, str(cause))]
    if lost:
        found.append(
            Reason(
                "own-signals-lost",
                f"{lost} own signals are on the chain without their bodies here; "
                f"custodians gave back the sealed content of {lost - bare}",
                "restore the database from a backup, or keep the recovery key at hand",
                is_blocking=False,
                heights=tuple(heights),
            )
        )
    return found

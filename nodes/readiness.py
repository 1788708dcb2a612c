"""Readiness: what keeps a node from doing its work, each with the one thing to do about it.

no-chain            the founding block is not here yet
halted              the order cannot be followed further
catching-up         blocks of the order are still to be applied
disk                the database refuses
posting-waits       signals are safe here but cannot be pushed or submitted
no-quorum           blocks are applied and too few members cosign
fork                a member shows another history: proof that somebody lies
not-announced       this member's URL and keys are not on the chain yet
own-signals-lost    own signals on the chain whose bodies this node does not have
"""

from dataclasses import dataclass

from nodes.node import Node

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


def reasons(node: Node) -> list[Reason]:
    """Return everything that is wrong with `node`; empty when all is well."""
    found = []
    if node.halted is not None:
        found.append(Reason("halted", node.halted, "read the node's log, mend, restart the node"))
    if node.replica.document is None:
        found.append(
            Reason("no-chain", "the founding block is not applied yet", "check `order` and wait")
        )
        return found
    if (behind := node.sequencer.head() - node.position.value) > 0:
        found.append(Reason("catching-up", f"{behind} batches are to be applied", "wait"))
    if node.writer.failure is not None:
        found.append(
            Reason("disk", node.writer.failure, f"make room: df -h {node.settings.data_dir}")
        )
    if node.outbox.trouble is not None:
        found.append(
            Reason("posting-waits", node.outbox.trouble, "check the other members' /readyz")
        )
    return found + _of_witness(node) + _of_own(node)


def _of_witness(node: Node) -> list[Reason]:
    found = []
    waiting = node.progress.applied.value - node.progress.final.value
    if waiting and node.witness.silent:
        silent = ", ".join(f"{name}: {why}" for name, why in sorted(node.witness.silent.items()))
        found.append(
            Reason(
                "no-quorum",
                f"{waiting} blocks wait for cosignatures ({silent})",
                "check those members' /healthz",
            )
        )
    if node.witness.disputes:
        names = ", ".join(sorted(node.witness.disputes))
        found.append(
            Reason(
                "fork",
                f"{names} shows another history",
                "keep both checkpoints; run `signaalketen audit` against both nodes",
            )
        )
    return found


def _of_own(node: Node) -> list[Reason]:
    found = []
    if not node.announcer.is_announced():
        found.append(Reason("not-announced", "this member's card is not on the chain", "wait"))
    with node.database.read() as connection:
        orphans = node.signals.orphans(connection)
    if orphans:
        back = sum(1 for _, is_back in orphans if is_back)
        found.append(
            Reason(
                "own-signals-lost",
                f"{len(orphans)} own signals are on the chain without their bodies here; "
                f"custodians gave back the sealed content of {back}",
                "restore the database from a backup, or keep the recovery key at hand",
                is_blocking=False,
                heights=tuple(height for height, _ in orphans[:_MAX_HEIGHTS]),
            )
        )
    return found

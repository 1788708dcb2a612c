"""Answers that follow from the request alone, or from nothing."""

from types import MappingProxyType

from nodes.errors import SequencerError
from nodes.sequencer.cometbft import abci_pb2 as abci

POWER = 10
"""Every member's engine has the same say."""
ACCEPT, REJECT = 1, 2


def filtered(path: str) -> tuple[str, str]:
    """Return the address and the id that a peer filter asks about; one of them is empty."""
    _, is_address, address = path.partition("/p2p/filter/addr/")
    _, _, peer = path.partition("/p2p/filter/id/")
    return is_address and address, peer


def updates(before: frozenset[bytes], after: frozenset[bytes]) -> list[abci.ValidatorUpdate]:
    """Return whose say changes; never nobody's, which would be the end of the chain."""
    if not after:
        return []
    powers = dict.fromkeys(before - after, 0) | dict.fromkeys(after - before, POWER)
    return [
        abci.ValidatorUpdate(pub_key=abci.PublicKey(ed25519=key), power=power)
        for key, power in sorted(powers.items())
    ]


def fixed(kind: str | None, request: abci.Request) -> abci.Response:
    """Return the answer to a request that has only one: what is not offered is refused.

    Raises:
        SequencerError: no request of this protocol.
    """
    if kind == "echo":
        return abci.Response(echo=request.echo)
    if kind is None or kind not in _FIXED:
        raise SequencerError("the engine asks for something that this protocol has not")
    return _FIXED[kind]


_FIXED = MappingProxyType(
    {
        "flush": abci.Response(flush=abci.Empty()),
        "list_snapshots": abci.Response(list_snapshots=abci.Empty()),
        "offer_snapshot": abci.Response(offer_snapshot=abci.SnapshotAnswer(result=3)),
        "load_snapshot_chunk": abci.Response(load_snapshot_chunk=abci.Empty()),
        "apply_snapshot_chunk": abci.Response(apply_snapshot_chunk=abci.SnapshotAnswer(result=2)),
        "extend_vote": abci.Response(extend_vote=abci.Empty()),
        "verify_vote_extension": abci.Response(
            verify_vote_extension=abci.VoteExtensionAnswer(status=REJECT)
        ),
    }
)

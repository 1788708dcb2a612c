"""`python -m demo.twin`: a second engine with a member's key, which so votes twice.

It judges as an honest node does, on a chain of its own in memory; only that there are two of it is
wrong. What it may write is its own folder.
"""

import asyncio
import signal
import sys
from contextlib import suppress
from pathlib import Path

from demo.engines import FOUNDING, GENESIS, SEED
from ledger.entry import SignedEntry
from nodes.judge import Rehearsal
from nodes.sequencer.cometbft.genesis import load_genesis
from nodes.sequencer.cometbft.home import EngineHome
from nodes.sequencer.cometbft.identity import EngineIdentity, EngineKey, load_identity
from nodes.sequencer.cometbft.sequencer import CometSequencer
from nodes.sequencer.port import Batch


async def run_twin(
    folder: Path, *, identity: EngineIdentity, common: Path, listen: str, command: Path
) -> None:
    """Run the twin in `folder` until cancelled; `common` holds founding entry and genesis file.

    Raises:
        NodeError: it cannot run.
    """
    founding = SignedEntry.decode((common / FOUNDING).read_bytes())
    genesis = load_genesis(common / GENESIS, founding)
    own = identity.validator.public
    peers = [engine.peer for engine in genesis.engines.values() if engine.key != own]
    EngineHome(folder).write(
        identity=identity, genesis=genesis, listen=listen, peers=peers, profile="near"
    )
    sequencer = CometSequencer(
        folder, command=command, own=identity.node.address.hex(), genesis=genesis.engines
    )
    rehearsal = Rehearsal(founding.id, genesis.engines)
    sequencer.attach(rehearsal)

    async def apply(batch: Batch) -> None:
        rehearsal.take(batch.entries)

    await sequencer.run(apply, after=0)


def main() -> None:
    """Run the twin that the arguments describe, until SIGTERM."""
    folder, keys, common, listen, command = sys.argv[1:]
    true = load_identity(Path(keys))
    connections = EngineKey.of((Path(folder) / SEED).read_bytes())

    async def run() -> None:
        task = asyncio.current_task()
        if task is not None:
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
        await run_twin(
            Path(folder),
            identity=EngineIdentity(true.validator, connections),
            common=Path(common),
            listen=listen,
            command=Path(command),
        )

    with suppress(asyncio.CancelledError):
        asyncio.run(run())


if __name__ == "__main__":
    main()

"""The machine of this run: what it is, and what the bare things cost on it just now."""

import os
import platform
import sqlite3
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from api.cli.parallel import usable_cores
from bench import bare


@dataclass(frozen=True, slots=True)
class Machine:
    """Facts of the machine; costs are seconds a piece, `load` what else was running."""

    system: str
    cores: int
    python: str
    sqlite: str
    load: float
    verification: float
    signing: float
    multiplication: float
    sealing: float
    fsync: float
    commit: float
    echo: float

    @property
    def verifications_a_second(self) -> float:
        """Return the bare PyNaCl rate of one core."""
        return 1 / self.verification

    def as_json(self) -> dict[str, Any]:
        """Return what a program reads."""
        return asdict(self)


def measure(folder: Path) -> Machine:
    """Measure this machine, its disk where `folder` is."""
    return Machine(
        system=f"{platform.system()} {platform.machine()}",
        cores=usable_cores(),
        python=platform.python_version(),
        sqlite=sqlite3.sqlite_version,
        load=os.getloadavg()[0],
        verification=bare.verification(),
        signing=bare.signing(),
        multiplication=bare.multiplication(),
        sealing=bare.sealing(),
        fsync=bare.fsync(folder),
        commit=bare.commit(folder),
        echo=bare.echo(),
    )

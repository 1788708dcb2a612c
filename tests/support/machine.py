"""A machine that nobody measured."""

from bench.machine import Machine

MACHINE = Machine(
    system="Linux x86_64",
    cores=2,
    python="3.11.7",
    sqlite="3.40.1",
    load=0.5,
    verification=44e-6,
    signing=22e-6,
    multiplication=41e-6,
    sealing=105e-6,
    fsync=0.00015,
    commit=0.0002,
    echo=0.0003,
)

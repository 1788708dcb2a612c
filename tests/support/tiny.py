"""As little as can be measured."""

from bench.workshop import Scale

TINY = Scale(
    small=40,
    large=160,
    trees=(50, 300),
    proofs=10,
    rounds=1,
    applied=40,
    audited=100,
    seconds=0.05,
    posts=1,
    matches=1,
    imported=1,
    weighed=1,
    watched=(100, 400),
    probes=5,
    frames=2,
    ordered=1,
    distant=1,
    kills=1,
    caught_up=130,
)

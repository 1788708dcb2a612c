"""What is measured, one file a subject; `SUBJECTS` is the order in which it is done.

Nodes that run would disturb what is measured without them, so those subjects come last.
"""

from collections.abc import Callable, Iterator

from bench.figure import Figure
from bench.figures import (
    apply,
    audit,
    bulk,
    evaluation,
    frames,
    match,
    memory,
    post,
    probe,
    proof,
    size,
)
from bench.workshop import Workshop

Measure = Callable[[Workshop], Iterator[Figure]]

SUBJECTS: dict[str, Measure] = {
    "evaluation": evaluation.measure,
    "proof": proof.measure,
    "probe": probe.measure,
    "frames": frames.measure,
    "apply": apply.measure,
    "audit": audit.measure,
    "memory": memory.measure,
    "post": post.measure,
    "match": match.measure,
    "import": bulk.measure,
    "size": size.measure,
}

"""What is measured, one file a subject; `SUBJECTS` is the order in which it is done.

Nodes that run would disturb what is measured without them, so those subjects come last.
"""

from collections.abc import Callable, Iterator

from bench.figure import Figure
from bench.figures import (
    apply,
    audit,
    beat,
    bulk,
    catch_up,
    disclosure,
    evaluation,
    frames,
    generation,
    match,
    memory,
    order,
    ordered_import,
    post,
    probe,
    proof,
    size,
    standstill,
    wide,
)
from bench.workshop import Workshop

Measure = Callable[[Workshop], Iterator[Figure]]

SUBJECTS: dict[str, Measure] = {
    "evaluation": evaluation.measure,
    "proof": proof.measure,
    "beat": beat.measure,
    "probe": probe.measure,
    "frames": frames.measure,
    "disclosure": disclosure.measure,
    "apply": apply.measure,
    "audit": audit.measure,
    "memory": memory.measure,
    "post": post.measure,
    "match": match.measure,
    "import": bulk.measure,
    "size": size.measure,
    # Four engines from here on; the nodes above have ended.
    "order": order.measure,
    "standstill": standstill.measure,
    "generation": generation.measure,
    "ordered-import": ordered_import.measure,
    "catch-up": catch_up.measure,
    "wide": wide.measure,
}

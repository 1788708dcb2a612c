"""How long nothing came: the longest gap between two moments of a series.

moments   ··|····|··|···········|····|··
window         [        ]
gaps that the window touches:  |··|···········|     the longest of them counts
"""

from collections.abc import Iterable
from itertools import pairwise


def longest_gap(moments: Iterable[float], *, begin: float, end: float) -> float:
    """Return the longest gap between two neighbours among `moments` that touches begin … end.

    A window before the first moment, or behind the last, is touched by no gap: 0 seconds.
    """
    touching = (
        late - early for early, late in pairwise(sorted(moments)) if late >= begin and early <= end
    )
    return max(touching, default=0.0)

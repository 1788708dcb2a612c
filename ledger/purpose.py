"""What no purpose may be: enforcement, fraud detection, and what goes by other names for them.

Signals are for help. A document whose purpose says otherwise, in its name or title, Dutch or
English, is none, whoever signed it. Words stop nobody who means to mislead: against that, a new
purpose needs every independent's signature.
"""

import unicodedata

from ledger.errors import ConsortiumError

FORBIDDEN = (
    *("handhav", "handhaaf", "toezicht", "fraud", "opspor", "opgespoord", "recherch", "naleving"),
    *("misbruik", "oneigenlijkgebruik", "sanctie", "boete", "bestraf", "strafrecht", "strafbaar"),
    *("strafvorder", "vervolging", "incass", "invorder", "terugvorder", "dwangsom", "dwangbevel"),
    *("beslaglegg", "deurwaarder", "politie", "inspecti", "controle", "risicoprofiel", "profiler"),
    *("enforc", "detect", "surveil", "investigat", "prosecut", "penalt", "punish", "sanction"),
    *("complianc", "profiling", "debtcollect", "policing"),
)
"""Stems as they stand in small letters, without marks, spaces and hyphens."""


def verify_purpose(*, name: str, title: str) -> None:
    """Check that a purpose is not one of those that may not be.

    Raises:
        ConsortiumError: `name` or `title` holds a forbidden stem, or a letter that hides one.
    """
    for text in (name, title):
        letters = [c for c in unicodedata.normalize("NFKD", text.casefold()) if c.isalpha()]
        if not all(c.isascii() for c in letters):
            raise ConsortiumError(f"[[purpose]] {name}: only letters a to z, with or without marks")
        joined = "".join(letters)
        if found := next((stem for stem in FORBIDDEN if stem in joined), None):
            raise ConsortiumError(
                f"[[purpose]] {name}: enforcement and fraud detection cannot be purposes ({found})"
            )

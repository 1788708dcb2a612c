"""The words of a case: each choice that a desk has, as it stands in messages and on the page.

What Dutch law and the agencies have words for is Dutch.
"""

from enum import StrEnum


class Within(StrEnum):
    """Within how long the other desk is asked to respond."""

    FOUR_HOURS = "4h"
    DAY = "1d"
    FIVE_DAYS = "5d"


class Result(StrEnum):
    """How it ended for the person, as far as this desk is concerned."""

    IN_CONTACT = "already-in-contact"
    CONTACTED = "contacted"
    COORDINATED = "coordinated"
    FALSE_MATCH = "false-match"


class Necessity(StrEnum):
    """Why a field is needed; the law's and the agencies' own terms."""

    AGREE_HELP = "hulp-afstemmen"
    ACUTE = "acute-nood"
    AVOID_DOUBLE = "dubbel-werk-voorkomen"
    PREPARE_TALK = "gesprek-voorbereiden"


class Refusal(StrEnum):
    """Why a request is refused."""

    NOT_NEEDED = "niet-noodzakelijk"
    NO_BASIS = "geen-grondslag"
    OBJECTION = "bezwaar-van-betrokkene"
    NOT_THERE = "niet-beschikbaar"


class Contention(StrEnum):
    """What is contested."""

    OTHER_PERSON = "andere-persoon"
    OUTCOME = "uitkomst"
    COORDINATOR = "regie"
    OBJECTION = "bezwaar-van-betrokkene"


class Ending(StrEnum):
    """Why a case is closed."""

    DONE = "afgerond"
    FALSE_MATCH = "false-match"
    WITHDRAWN = "ingetrokken"
    OBJECTION = "bezwaar-van-betrokkene"


class Release(StrEnum):
    """How a grant came about."""

    ORDINARY = "ordinary"
    BREAK_GLASS = "break-glass"

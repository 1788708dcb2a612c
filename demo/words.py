"""What the Dutch words of the consortium document mean, for a reader who has no Dutch."""

from collections.abc import Mapping

MEANINGS = {
    "regulation": {
        "WW": "unemployment benefit",
        "WIA": "benefit for people partly or wholly unable to work",
        "Wajong": "benefit for people disabled at a young age",
        "ZW": "sickness benefit",
        "WAO": "disability benefit, the scheme before the WIA",
        "WAZO": "leave for pregnancy and care",
        "TW": "supplement up to the social minimum",
        "IOW": "income for older unemployed people",
        "AOW": "state pension",
        "Anw": "benefit for surviving relatives",
        "AKW": "child benefit",
        "AIO": "supplement for pensioners with little else",
        "pgb": "personal budget for care",
    },
    "theme": {
        "schulden": "debts",
        "terugvordering": "benefit that must be paid back",
        "beslagvrije-voet": "the income that creditors must leave alone",
        "inkomensdaling": "an income that drops",
        "samenloop": "schemes that get in each other's way",
        "niet-gebruik": "a right that is not used",
        "wonen": "housing",
        "zorg": "care",
        "leefvorm": "who counts as one household",
        "overgang": "from one scheme into another",
        "herbeoordeling": "being assessed again",
        "grensoverschrijdend": "living or working across a border",
        "doenvermogen": "what somebody can still cope with",
        "past-nergens": "fits no scheme",
    },
    "signalType": {
        "vastgelopen": "stuck",
        "dreigend": "about to go wrong",
        "herhaald": "again",
        "melding-van-derden": "reported by somebody else",
    },
    "severity": {"licht": "light", "ernstig": "serious", "crisis": "crisis"},
    "period": {
        "korter-dan-een-maand": "for less than a month",
        "een-tot-zes-maanden": "for one to six months",
        "langer-dan-zes-maanden": "for more than six months",
    },
    "helpQuestion": {
        "inkomen": "asks for income",
        "rust": "asks for rest",
        "overzicht": "asks for an overview",
        "besluit": "asks for a decision",
        "begeleiding": "asks for somebody at their side",
        "onbekend": "does not know what to ask",
    },
}
"""By field and word, as `rules.toml` lists them."""


def meanings(fields: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """Return (field, word, meaning) of each of a signal's `fields`."""
    return [(field, word, MEANINGS[field].get(word, "")) for field, word in fields.items()]

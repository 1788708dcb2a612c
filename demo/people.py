"""Synthetic people with problems, and the signals that agencies would post about them.

The same people every time. Their numbers pass the 11-check and are nobody's (9999…). Each is in one
situation; many situations are known at one agency, some in parts at two or three, and none of those
agencies can see so by itself.
"""

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from random import Random

from ledger.bsn import Bsn, synthetic_numbers

PURPOSE = "multiproblematiek"
DESKS = {"uwv": "uwv/maatwerkplaats", "svb": "svb/de-bedoeling", "szw": "szw/maatwerk"}
_REFERENCES = {"uwv": "WP", "svb": "DB", "szw": "MW"}
_SEED = 582
_NUMBERS_APART = 7

Part = tuple[str, str, str, str]
"""What one agency sees of a situation: agency, regulation, theme, help question."""

SITUATIONS: tuple[tuple[int, tuple[Part, ...]], ...] = (
    (9, (("uwv", "WW", "inkomensdaling", "inkomen"),)),
    (6, (("uwv", "WW", "grensoverschrijdend", "besluit"),)),
    (8, (("uwv", "WIA", "herbeoordeling", "besluit"),)),
    (7, (("uwv", "WIA", "schulden", "overzicht"),)),
    (5, (("uwv", "Wajong", "overgang", "begeleiding"),)),
    (5, (("uwv", "ZW", "inkomensdaling", "rust"),)),
    (3, (("uwv", "WAO", "herbeoordeling", "rust"),)),
    (2, (("uwv", "WAZO", "samenloop", "besluit"),)),
    (3, (("uwv", "TW", "terugvordering", "overzicht"),)),
    (2, (("uwv", "IOW", "overgang", "inkomen"),)),
    (7, (("svb", "AOW", "leefvorm", "besluit"),)),
    (6, (("svb", "AOW", "niet-gebruik", "inkomen"),)),
    (6, (("svb", "AIO", "terugvordering", "rust"),)),
    (4, (("svb", "AIO", "beslagvrije-voet", "inkomen"),)),
    (4, (("svb", "Anw", "inkomensdaling", "inkomen"),)),
    (5, (("svb", "AKW", "grensoverschrijdend", "besluit"),)),
    (4, (("svb", "pgb", "doenvermogen", "begeleiding"),)),
    (4, (("szw", "WIA", "past-nergens", "besluit"),)),
    (3, (("szw", "AOW", "samenloop", "overzicht"),)),
    (4, (("uwv", "WIA", "inkomensdaling", "inkomen"), ("svb", "AKW", "zorg", "begeleiding"))),
    (4, (("uwv", "WAO", "samenloop", "overzicht"), ("svb", "AIO", "schulden", "rust"))),
    (3, (("uwv", "IOW", "overgang", "inkomen"), ("svb", "AOW", "niet-gebruik", "inkomen"))),
    (3, (("uwv", "TW", "samenloop", "inkomen"), ("svb", "Anw", "leefvorm", "besluit"))),
    (3, (("uwv", "Wajong", "wonen", "begeleiding"), ("svb", "pgb", "zorg", "begeleiding"))),
    (2, (("uwv", "ZW", "schulden", "rust"), ("szw", "ZW", "past-nergens", "besluit"))),
    (2, (("svb", "AIO", "grensoverschrijdend", "besluit"), ("szw", "AIO", "samenloop", "besluit"))),
    (
        3,
        (
            ("uwv", "Wajong", "terugvordering", "overzicht"),
            ("svb", "pgb", "doenvermogen", "begeleiding"),
            ("szw", "Wajong", "past-nergens", "besluit"),
        ),
    ),
)
"""Situations, each with how common it is here."""

# Who is stuck in two places at once is rarely stuck lightly.
_SEVERITIES = {
    1: ("licht", "licht", "ernstig"),
    2: ("ernstig", "ernstig", "crisis"),
    3: ("crisis",),
}
_TYPES = ("vastgelopen", "vastgelopen", "dreigend", "herhaald", "melding-van-derden")
_PERIODS = ("korter-dan-een-maand", "een-tot-zes-maanden", "langer-dan-zes-maanden")


@dataclass(frozen=True, slots=True)
class CaseSignal:
    """What a caseworker of `agency` posts about the person with that `bsn`."""

    agency: str
    bsn: Bsn = field(repr=False)
    case_reference: str = field(repr=False)
    fields: dict[str, str] = field(repr=False)

    def body(self) -> dict[str, str]:
        """Return the body of `POST /v1/signals`."""
        return {
            "bsn": self.bsn.digits,
            "desk": DESKS[self.agency],
            "purpose": PURPOSE,
            "caseReference": self.case_reference,
            **self.fields,
        }


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody, and every signal about them."""

    bsn: Bsn = field(repr=False)
    signals: tuple[CaseSignal, ...] = field(repr=False)

    @property
    def agencies(self) -> frozenset[str]:
        """Return the agencies that know a part of the problem."""
        return frozenset(signal.agency for signal in self.signals)


def people(count: int) -> list[Person]:
    """Return the first `count` people."""
    random = Random(_SEED)  # noqa: S311 -- the same people every time, and no secret in them
    weights, situations = zip(*SITUATIONS, strict=True)
    # Neighbours in the range would all begin alike; every seventh looks less like a list.
    numbers = itertools.islice(synthetic_numbers(), 0, count * _NUMBERS_APART, _NUMBERS_APART)
    # Each agency counts its own cases: one number at two of them means nothing.
    cases = {agency: itertools.count(1) for agency in DESKS}
    return [
        Person(bsn, tuple(_signals(bsn, random.choices(situations, weights)[0], cases, random)))
        for bsn in numbers
    ]


def _signals(
    bsn: Bsn, parts: tuple[Part, ...], cases: Mapping[str, Iterator[int]], random: Random
) -> Iterator[CaseSignal]:
    severity = random.choice(_SEVERITIES[len(parts)])
    for agency, regulation, theme, help_question in parts:
        yield CaseSignal(
            agency=agency,
            bsn=bsn,
            case_reference=f"{_REFERENCES[agency]}-2026-{next(cases[agency]):05}",
            fields={
                "regulation": regulation,
                "theme": theme,
                "signalType": random.choice(_TYPES),
                "severity": severity,
                "period": random.choice(_PERIODS),
                "helpQuestion": help_question,
            },
        )

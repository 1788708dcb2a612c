"""What a purpose may not be, in whatever spelling."""

import pytest

from ledger.errors import ConsortiumError
from ledger.purpose import FORBIDDEN, verify_purpose

HELP = "Hulp aan mensen met problemen bij meerdere uitvoerders"


@pytest.mark.parametrize(
    "title",
    [
        HELP,
        "Eén afspraak in plaats van drie",
        "Vroegtijdige hulp bij schulden",
        "Overgang van bijstand naar AOW",
        "Helping people whom one agency cannot help",
        "Niet-gebruik van regelingen tegengaan",
    ],
)
def test_help_is_a_purpose(title: str) -> None:
    verify_purpose(name="multiproblematiek", title=title)


@pytest.mark.parametrize("stem", FORBIDDEN)
def test_each_forbidden_stem_is_refused_in_name_and_title(stem: str) -> None:
    with pytest.raises(ConsortiumError, match="cannot be purposes"):
        verify_purpose(name="hulp", title=f"Hulp bij {stem}-zaken")
    with pytest.raises(ConsortiumError, match="cannot be purposes"):
        verify_purpose(name=f"hulp-{stem}", title=HELP)


@pytest.mark.parametrize(
    "title",
    [
        "Handhaving",
        "HANDHAVING van de Participatiewet",
        "Toezicht",
        "Fraudebestrijding",
        "f r a u d e",
        "Fraúde",
        "Opsporing van misdrijven",
        "hand-having",
        "Fraud detection",
        "Law enforcement",
        "Terugvordering van uitkeringen",
        "Het opleggen van een boete",
        "Controle op samenwonen",
    ],
)
def test_spellings_of_what_it_may_not_be_are_refused(title: str) -> None:
    with pytest.raises(ConsortiumError, match="cannot be purposes"):
        verify_purpose(name="hulp", title=title)


@pytest.mark.parametrize("title", ["ƒraude", "fraudø", "toeziçht ø"])
def test_letters_that_could_hide_a_word_are_refused(title: str) -> None:
    with pytest.raises(ConsortiumError, match="purpose"):
        verify_purpose(name="hulp", title=title)

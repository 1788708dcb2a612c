"""The directory of desks: how each is reached, by functional numbers and mailboxes only.

Of own desks the settings tell; of others the consortium document, as far as it does.
"""

from collections.abc import Mapping

from nodes.casework.documents import Documents
from nodes.casework.notices import DESK, LEAD, OFFICER, Addressee
from nodes.casework.seen import Contact
from nodes.settings import DeskSettings, Settings


class Directory:
    """Looks desks up."""

    def __init__(self, *, own: Mapping[str, DeskSettings], documents: Documents) -> None:
        """Know `own` desks by name."""
        self._own = own
        self._documents = documents

    def contact(self, name: str) -> Contact:
        """Return how the desk of that name is reached; of one unknown, its name alone."""
        desk = self._documents.newest().desk(name)
        if desk is None:
            return Contact(name, name)
        own = self._own.get(name)
        if own is None:
            return Contact(name, desk.title, desk.phone, desk.mailbox, desk.hours)
        return Contact(
            name,
            desk.title,
            own.phone or desk.phone,
            own.mailbox or desk.mailbox,
            own.hours or desk.hours,
        )


def mailboxes_of(settings: Settings, *, member: str) -> dict[Addressee, str]:
    """Return where notices go: to desks, to their leads, to the privacy officer."""
    found: dict[Addressee, str | None] = {Addressee(OFFICER, member): settings.notices.officer}
    for name, desk in settings.desks.items():
        found[Addressee(DESK, name)] = desk.mailbox
        found[Addressee(LEAD, name)] = desk.lead
    return {addressee: mailbox for addressee, mailbox in found.items() if mailbox is not None}

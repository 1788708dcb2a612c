"""The staff: the persons of this agency who act in cases, as they are written down now.

A file that changed is read again before the next of them is recognised, a second later at most: who
leaves is out without a restart. One that will not do changes nothing, and says why.
"""

import logging
import time
from collections.abc import Callable, Collection, Sequence
from pathlib import Path

from ledger.case.people import Actor, Role
from ledger.errors import DeniedError
from nodes.errors import ConfigurationError, NotFoundError
from nodes.people import Person, load_people

_log = logging.getLogger(__name__)
_LOOK_SECONDS = 1.0


class Staff:
    """Persons who do not change while a node runs."""

    def __init__(self, people: Sequence[Person] = ()) -> None:
        """Hold `people`."""
        self._people = tuple(people)

    def now(self) -> tuple[Person, ...]:
        """Return everybody."""
        return self._people

    def trouble(self) -> str | None:
        """Return why what is written down now is not what holds, or None."""
        return None

    def verify_absence(self, person: str, *, by: Actor) -> None:
        """Check that it is `by`'s to say of `person` that it is away, as far as a desk says so.

        Raises:
            NotFoundError: nobody has that id.
            DeniedError: a lead says it of somebody at another desk.
        """
        if by.role is not Role.LEAD or by.id == person:
            return
        desks = [one.desk for one in self.now() if one.id == person]
        if not desks:
            raise NotFoundError("nobody of this agency who acts in cases has that id")
        if desks != [by.desk]:
            raise DeniedError("desk", "a lead says it of the people of its own desk")


class WrittenStaff(Staff):
    """The persons in the file `path` (`nodes.people`)."""

    def __init__(
        self,
        path: Path,
        *,
        member: str,
        tokens: Collection[str] = (),
        elapsed: Callable[[], float] = time.monotonic,
    ) -> None:
        """Read the file; by `elapsed`, in seconds, it is looked at once a second at most.

        Raises:
            ConfigurationError: it will not do.
        """
        self._path = path
        self._member = member
        self._tokens = tuple(tokens)
        self._elapsed = elapsed
        self._trouble: str | None = None
        self._seen = _state(path)
        self._looked = elapsed()
        super().__init__(self._read())

    def now(self) -> tuple[Person, ...]:
        """See `Staff`."""
        now = self._elapsed()
        if now - self._looked >= _LOOK_SECONDS:
            self._looked = now
            self._look()
        return self._people

    def trouble(self) -> str | None:
        """See `Staff`."""
        self.now()
        return self._trouble

    def _look(self) -> None:
        # Taken before it is read: what is written meanwhile is seen next time.
        state = _state(self._path)
        if state == self._seen:
            return
        self._seen = state
        try:
            self._people = self._read()
        except ConfigurationError as cause:
            self._trouble = str(cause)
            _log.warning("who was in it stays, for the file will not do: %s", cause)
        else:
            self._trouble = None
            _log.info("%s was read again: %d persons", self._path, len(self._people))

    def _read(self) -> tuple[Person, ...]:
        return load_people(self._path, member=self._member, tokens=self._tokens)


def _state(path: Path) -> tuple[int, ...] | None:
    """Return what differs once a file was written, replaced or given to others; None: not there."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns

"""What is on its way between simulated nodes: an unordered bag of messages.

The schedule lets each arrive, or be lost, or arrive once more, or makes its sender give up on it
before it arrives. A sender that died meanwhile hears of nothing.
"""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

from ledger.encoding import Digest, enc
from ledger.entry import SignedEntry
from ledger.errors import LedgerError
from ledger.note import SignatureLine
from nodes.custodian import Parcel, read_answers
from nodes.errors import NodeError, PeerUnreachableError
from nodes.pusher import _content_share
from nodes.store.dispatches import Dispatch
from tests.support.simulation.calls import Call, Held, finish
from tests.support.simulation.fakes import HOLDERS
from tests.support.simulation.order import Order
from tests.support.simulation.party import Party


class Nodes(Protocol):
    """Where messages go."""

    order: Order
    bag: "list[Message]"
    shown: dict[Digest, Dispatch]
    """Every `locate` whose items ever left their author, by its id."""

    def reachable(self, name: str) -> Party | None:
        """Return the node of that name if it can be reached."""


class Message(Protocol):
    """Something on its way."""

    def arrive(self, nodes: Nodes) -> None:
        """Be heard, if there is anybody to hear it."""

    def vanish(self, nodes: Nodes) -> None:
        """Let the sender notice that no answer comes."""

    def copy(self) -> "Message | None":
        """Return what can arrive once more, of which no sender hears; None: nothing."""


@dataclass
class Delivery:
    """An own entry on its way onto the chain: on the first stored-line it is handed in.

    `asked` were sent their parts and have not answered; when nobody is left who might sign, the
    next of `others` is asked, and in the end `again` has it tried anew.
    """

    sender: Party
    life: int
    signed: SignedEntry
    part_for: Callable[[str], bytes]
    asked: set[str]
    others: list[str]
    again: Callable[[], None]
    is_over: bool = False

    def begin(self, nodes: Nodes) -> None:
        """Push to all that are to be asked first."""
        for name in sorted(self.asked):
            self._push(nodes, name)

    def accepted(self, nodes: Nodes, line: SignatureLine) -> None:
        """Hand the entry in."""
        if not self.is_over and self.sender.life == self.life:
            self.is_over = True
            nodes.order.append([self.signed.with_lines((line,)).encode()])

    def refused(self, nodes: Nodes, name: str) -> None:
        """Ask another when nobody is left who might sign."""
        self.asked.discard(name)
        if self.asked or self.is_over or self.sender.life != self.life:
            return
        if self.others:
            self.asked = {self.others.pop(0)}
            self.begin(nodes)
        else:
            self.is_over = True
            self.again()

    def _push(self, nodes: Nodes, to: str) -> None:
        parcel = (self.signed.encode(), self.part_for(to))
        nodes.bag.append(Push(self.sender.name, to, parcel, self))


def send_signals(sender: Party, nodes: Nodes) -> None:
    """Bring posted signals to one custodian after the other, as `Outbox` does."""
    unsent, sender.unsent = sender.unsent, []
    custodians = sender.parts.courier._custodians()
    for local_id in unsent:
        if (outgoing := sender.outgoing(local_id)) is None:
            continue
        content = _content_share(outgoing.body)
        Delivery(
            sender,
            sender.life,
            outgoing.signed,
            part_for=lambda _, part=content: part,  # type: ignore[misc]
            asked=set(custodians[:1]),
            others=custodians[1:],
            again=lambda i=local_id: sender.unsent.append(i),  # type: ignore[misc]
        ).begin(nodes)


def send_dispatches(sender: Party, nodes: Nodes) -> None:
    """Bring what is queued to all whom it concerns, as `Courier` does."""
    courier = sender.parts.courier
    queued, courier.queued = courier.queued, []
    for waiting in courier._waiting(queued):
        fresh = finish(courier._fresh(waiting))
        if fresh.signed.entry.kind == "locate":
            nodes.shown[fresh.signed.id] = fresh
        # Frames can be left with somebody else, to whom they say nothing; locators cannot.
        is_answer = fresh.signed.entry.kind == "answer"
        Delivery(
            sender,
            sender.life,
            fresh.signed,
            part_for=partial(_part_of, fresh),
            asked=set(fresh.routes),
            others=[c for c in courier._custodians() if is_answer and c not in fresh.routes],
            again=partial(courier.later, fresh.signed.id),
        ).begin(nodes)


def _part_of(dispatch: Dispatch, name: str) -> bytes:
    every = sorted({i for indexes in dispatch.routes.values() for i in indexes})
    return dispatch.part(dispatch.routes.get(name, every))


@dataclass
class Push:
    """A part of an entry's body on its way to whom it concerns."""

    sender: str
    to: str
    parcel: Parcel
    delivery: Delivery | None

    def arrive(self, nodes: Nodes) -> None:
        """See `Message`."""
        receiver = nodes.reachable(self.to)
        if receiver is None:
            self.vanish(nodes)
            return
        document = receiver.replica.document
        assert document is not None
        taken = receiver.parts.custodian.take([self.parcel], sender=self.sender, document=document)
        (answer,) = read_answers(enc(*finish(taken)), count=1)
        if self.delivery is None:
            return
        line = answer if isinstance(answer, SignatureLine) else None
        nodes.bag.append(Word(self.delivery, self.to, line))

    def vanish(self, nodes: Nodes) -> None:
        """See `Message`."""
        if self.delivery is not None:
            self.delivery.refused(nodes, self.to)

    def copy(self) -> "Push":
        """See `Message`."""
        return Push(self.sender, self.to, self.parcel, None)


@dataclass
class Word:
    """What a receiver says to a push: a stored-line, or None."""

    delivery: Delivery
    by: str
    line: SignatureLine | None

    def arrive(self, nodes: Nodes) -> None:
        """See `Message`."""
        if self.line is None or not self.delivery.sender.is_up:
            self.vanish(nodes)
        else:
            self.delivery.accepted(nodes, self.line)

    def vanish(self, nodes: Nodes) -> None:
        """See `Message`."""
        self.delivery.refused(nodes, self.by)

    def copy(self) -> None:
        """See `Message`."""


@dataclass
class Question:
    """A call of `asker`'s on its way; `held` is what waits for the answer, as its one `task`."""

    asker: Party
    life: int
    task: str
    held: Held
    call: Call

    def arrive(self, nodes: Nodes) -> None:
        """See `Message`."""
        if self.call.to != HOLDERS and nodes.reachable(self.call.to) is None:
            self.vanish(nodes)
            return
        try:
            answer = self.call.answer()
        except (NodeError, LedgerError):
            self.vanish(nodes)
        else:
            nodes.bag.append(Reply(self, answer))

    def vanish(self, nodes: Nodes) -> None:
        """See `Message`."""
        error = PeerUnreachableError(f"{self.call.to} does not answer")
        self.go_on(nodes, lambda: self.held.fail(error))

    def copy(self) -> None:
        """See `Message`."""

    def go_on(self, nodes: Nodes, step: Callable[[], Call | None]) -> None:
        """Let the asker go on, up to its next question."""
        if self.asker.life == self.life:
            _follow(nodes, self.asker, self.task, self.held, step)


@dataclass
class Reply:
    """The answer to a question."""

    question: Question
    answer: object

    def arrive(self, nodes: Nodes) -> None:
        """See `Message`."""
        if self.question.asker.is_up:
            self.question.go_on(nodes, lambda: self.question.held.go_on(self.answer))
        else:
            self.vanish(nodes)

    def vanish(self, nodes: Nodes) -> None:
        """See `Message`."""
        self.question.vanish(nodes)

    def copy(self) -> None:
        """See `Message`."""


def begin(nodes: Nodes, party: Party, task: str, work: Coroutine[Call, Any, Any]) -> None:
    """Let a node begin something that asks others; `task` names what it does one of at a time."""
    party.busy.add(task)
    held = Held(work)
    _follow(nodes, party, task, held, held.go_on)


def _follow(
    nodes: Nodes, party: Party, task: str, held: Held, step: Callable[[], Call | None]
) -> None:
    call = step()
    if call is None:
        party.busy.discard(task)
    else:
        nodes.bag.append(Question(party, party.life, task, held, call))

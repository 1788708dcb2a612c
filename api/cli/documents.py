"""Consortium documents as files: a plain `consortium.toml`, or the note that members signed."""

from dataclasses import dataclass
from pathlib import Path

from api.cli.target import is_url, node_at
from ledger.consortium import Consortium
from ledger.consortium_chain import ConsortiumChain
from ledger.consortium_toml import decode_consortium
from ledger.entry import SignedEntry
from ledger.errors import ConsortiumError, RefusedError
from ledger.rules.consortium import missing_approvals, read_document
from ledger.rules.kind import verify_line
from nodes.ceremony import decode_draft

_ENTRY_MARK = b"/entry/v1\n"


@dataclass(frozen=True, slots=True)
class DocumentFile:
    """A document, and the note around it where the file is one."""

    document: Consortium
    note: SignedEntry | None


def read_document_file(path: Path) -> DocumentFile:
    """Read a document from `path`.

    Raises:
        ConsortiumError: neither a document nor a note of one; the text says where it breaks a rule.
        OSError: the file cannot be read.
    """
    raw = path.read_bytes()
    try:
        if raw.split(b"\n", 1)[0].endswith(_ENTRY_MARK.strip()):
            note = decode_draft(raw)
            return DocumentFile(read_document(note), note)
        return DocumentFile(decode_consortium(raw.decode()), None)
    except UnicodeDecodeError as cause:
        raise ConsortiumError(f"{path} is not text") from cause
    except (ConsortiumError, RefusedError) as cause:
        raise ConsortiumError(f"{path}: {cause}") from cause


def read_consortium_chain(source: str, *, token: str | None) -> ConsortiumChain:
    """Read a chain of documents from a file, or from the node at an URL.

    Raises:
        ClientError: the node does not give it.
        MalformedError: it is none.
        OSError: the file cannot be read.
    """
    if not is_url(source):
        return ConsortiumChain.decode(Path(source).read_bytes())
    with node_at(source, token=token) as node:
        return ConsortiumChain.decode(node.consortium_chain())


@dataclass(frozen=True, slots=True)
class Approvals:
    """Who signed a note, what is still missing in words, and the lines that prove nothing.

    `missing` is None where it depends on a version before this one that is not at hand.
    """

    signers: tuple[str, ...]
    missing: tuple[str, ...] | None
    faults: tuple[str, ...]


def approvals_of(note: SignedEntry, *, current: Consortium | None) -> Approvals:
    """Check every line under `note`, which would replace `current` or, where that is None, found.

    Raises:
        RefusedError: the document breaks a rule.
    """
    new = read_document(note)
    signers, faults = [], []
    for line in note.lines:
        try:
            signers.append(verify_line(line, note.text, current or new, reason="approval"))
        except RefusedError as cause:
            faults.append(f"{line.name}: {cause.detail}")
    if current is None and new.version > 1:
        return Approvals(tuple(signers), None, tuple(faults))
    missing = missing_approvals(new, current=current, signers=set(signers))
    return Approvals(tuple(signers), tuple(missing), tuple(faults))

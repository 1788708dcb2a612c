"""An audit's report for people, and the same for programs.

{"sound": false, "origin": …, "blocks": 412, "root": <base64>, "documentVersion": 1,
 "firstDay": "2026-11-24", "lastDay": …, "posts": [{"author", "kind", "count"}, …],
 "cosigners": {"bzk": "2026-11-24T14:02:11Z", …}, "postQuantum": ["bzk", …],
 "findings": [{"height": 17, "reason": "link", "detail": …}, …],
 "held": {"others": 40, "own": 12, "records": 90} or null, "unlocated": [heights],
 "late": [{"height", "member"}, …], "notChecked": [ … ]}
"""

import json
from collections.abc import Iterator
from datetime import UTC, datetime

from ledger.audit import NOT_CHECKED, Finding, Report
from ledger.consortium import Consortium
from ledger.encoding import to_base64
from nodes.holdings import HeldCount

_MAX_LISTED = 20


def as_json(report: Report, trusted: Consortium, held: HeldCount | None = None) -> str:
    """Return the report as a JSON object; `held` is what was checked at the own node."""
    return json.dumps(
        {
            "sound": report.is_sound,
            "origin": trusted.origin,
            "blocks": report.size,
            "root": to_base64(report.root),
            "documentVersion": report.document_version,
            "firstDay": report.first_day and report.first_day.isoformat(),
            "lastDay": report.last_day and report.last_day.isoformat(),
            "posts": [
                {"author": author, "kind": kind, "count": count}
                for (author, kind), count in sorted(report.counts.items())
            ],
            "cosigners": {name: rfc3339(time) for name, time in sorted(report.cosigners.items())},
            "postQuantum": sorted(report.post_quantum),
            "findings": [
                {"height": f.height, "reason": f.reason, "detail": f.detail}
                for f in report.findings
            ],
            "unlocated": report.unlocated,
            "held": held and {"others": held.others, "own": held.own, "records": held.records},
            "late": [{"height": height, "member": member} for height, member in report.late],
            "notChecked": NOT_CHECKED,
        },
        ensure_ascii=False,
        indent=2,
    )


def as_lines(report: Report, trusted: Consortium, held: HeldCount | None = None) -> Iterator[str]:
    """Yield the report line by line; what was not checked comes last."""
    yield from _checked(report, trusted)
    if held is not None:
        yield f"  own node   holds {held.others} parts of others' bodies and {held.own} own ones"
        yield f"             and {held.records} records of its logbook"
    yield from _owed(report)
    yield ""
    for finding in report.findings:
        yield _sentence(finding)
    if report.is_sound:
        yield f"SOUND: all {report.size} blocks hold, from the founding one to the checkpoint."
    else:
        count = len(report.findings)
        yield f"NOT SOUND: {count} finding{'s' if count > 1 else ''}, listed above."
    yield ""
    yield "Not checked, because no outsider can:"
    for item in NOT_CHECKED:
        yield f"  - {item}"


def _owed(report: Report) -> Iterator[str]:
    if report.unlocated:
        heights = ", ".join(map(str, report.unlocated[:_MAX_LISTED]))
        yield f"  unlocated  {len(report.unlocated)} signals for over two days: {heights}"
    if report.late:
        named = ", ".join(f"{height} by {member}" for height, member in report.late[:_MAX_LISTED])
        yield f"  late       {len(report.late)} answers for over a day: to block {named}"


def rfc3339(seconds: int) -> str:
    """Return a cosignature's time as RFC 3339, in UTC."""
    return datetime.fromtimestamp(seconds, tz=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def cosigned_line(time: int, is_post_quantum: bool) -> str:
    """Return when a member cosigned, in words, and whether with a post-quantum key too."""
    stated = rfc3339(time) if time else "at a time it does not state"
    return f"{stated}{', post-quantum too' if is_post_quantum else ''}"


def _checked(report: Report, trusted: Consortium) -> Iterator[str]:
    yield f"{trusted.origin}, trusting version {trusted.version} of its document"
    yield f"  blocks     {report.size}{_days(report)}"
    yield f"  root       {to_base64(report.root)}"
    if report.document_version:
        yield f"  document   version {report.document_version} is in force at the end"
    yield "  posts"
    width = max((len(author) for author, _ in report.counts), default=0)
    for author in sorted({author for author, _ in report.counts}):
        kinds = ", ".join(
            f"{count} {kind}" for (by, kind), count in sorted(report.counts.items()) if by == author
        )
        yield f"    {author.ljust(width)}  {kinds}"
    yield "  cosigned by"
    for name, time in sorted(report.cosigners.items()):
        yield f"    {name.ljust(width)}  {cosigned_line(time, name in report.post_quantum)}"
    if not report.cosigners:
        yield "    no quorum that verifies"


def _days(report: Report) -> str:
    if report.first_day is None:
        return ""
    if report.first_day == report.last_day:
        return f", dated {report.first_day}"
    return f", dated {report.first_day} to {report.last_day}"


def _sentence(finding: Finding) -> str:
    place = "The whole" if finding.height is None else f"Block {finding.height}"
    detail = finding.detail.removeprefix(f"{finding.reason}: ")
    return f"{place}: {finding.reason}: {detail}"

"""What all tests share: the published vectors, how many examples properties try, what is slow."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.support.standstill import told

_IS_SOAK = bool(os.environ.get("SIGNAALKETEN_SOAK"))
_HAS_CONTAINERS = bool(os.environ.get("SIGNAALKETEN_COMPOSE"))
_COMPOSE = Path(__file__).with_name("compose")
_IS_CI = bool(os.environ.get("CI"))

# A loaded machine draws slowly; that says nothing about the code.
settings.register_profile(
    "modest",
    max_examples=60,
    deadline=None,
    derandomize=_IS_CI,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile(
    "soak",
    max_examples=3_000,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("soak" if _IS_SOAK else "modest")


def pytest_report_header() -> str:
    """Say which tests are left out, and how to run them."""
    if _IS_SOAK:
        return "soak: slow tests included, 3,000 examples a property"
    return "slow tests are left out; `make soak` (SIGNAALKETEN_SOAK=1) runs them"


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """Leave `tests/compose` to `make compose-test` (SIGNAALKETEN_COMPOSE=1)."""
    return True if collection_path == _COMPOSE and not _HAS_CONTAINERS else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect tests marked slow unless this is a soak; pytest counts them in its last line."""
    if _IS_SOAK:
        return
    slow = [item for item in items if item.get_closest_marker("slow")]
    if slow:
        config.hook.pytest_deselected(items=slow)
        items[:] = [item for item in items if not item.get_closest_marker("slow")]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how long posting stood still where nodes were killed."""
    reports = terminalreporter.getreports("passed")
    for line in told(each for report in reports for each in report.user_properties):
        terminalreporter.write_line(line)


@pytest.fixture(scope="session")
def vectors() -> Path:
    """Return the folder of published vectors; see tests/vectors/README.md."""
    named = os.environ.get("SIGNAALKETEN_VECTORS")
    beside = Path(__file__).resolve().parents[2] / "shared" / "vectors"
    folder = Path(named) if named else beside
    if folder.is_dir():
        return folder
    reason = "the published vectors are not here; SIGNAALKETEN_VECTORS names their folder"
    if _IS_CI:
        pytest.fail(reason)
    pytest.skip(reason)

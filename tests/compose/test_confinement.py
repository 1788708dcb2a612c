"""What containers may do and see: nothing of each other's, and nothing of the machine."""

import tarfile
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterator
from io import BytesIO
from subprocess import run
from typing import Any

import pytest

from ledger.seal import SealingKey
from tests.support.compose import AGENCIES, Project

POST = {f"{name}.{what}" for name in AGENCIES for what in ("card.toml", "engine.card")} | {
    f"{name}.genesis.sha256" for name in AGENCIES
}
FORBIDDEN = "touch /forbidden 2>&1; cat /proc/self/status"


@pytest.fixture(scope="module")
def containers(project: Project) -> dict[str, dict[str, Any]]:
    return project.containers()


def agency_of(service: str) -> str:
    """Return whose container a service is; SZW's people drafted, and began the epoch."""
    return "szw" if service in {"draft", "epoch"} else service.partition("-")[0]


def volumes(container: dict[str, Any]) -> set[str]:
    """Return what is mounted besides files of the project: names after the project's."""
    return {
        mount.get("Name", mount["Destination"]).partition("_")[2]
        for mount in container["Mounts"]
        if mount["Type"] == "volume"
    }


def files(project: Project, volume: str) -> Iterator[tuple[str, bytes]]:
    """Yield the name and content of every file in a volume."""
    archive = run(
        ["docker", "run", "--rm", "--network=none", "--user=0", "--entrypoint=tar",
         f"--volume={project.name}_{volume}:/volume:ro", project.image, "-C/volume", "-c", "."],
        check=True, capture_output=True, timeout=60,
    ).stdout  # fmt: skip
    with tarfile.open(fileobj=BytesIO(archive)) as tar:
        for member in tar:
            content = tar.extractfile(member) if member.isreg() else None
            if content is not None:
                yield member.name.removeprefix("./"), content.read()


def test_no_container_is_allowed_more_than_it_needs(
    containers: dict[str, dict[str, Any]],
) -> None:
    for service, container in containers.items():
        host = container["HostConfig"]

        assert container["Config"]["User"] == "10001:10001", service
        assert host["ReadonlyRootfs"], service
        assert host["CapDrop"] == ["ALL"], service
        assert not host["CapAdd"], service
        assert not host["Privileged"], service
        assert "no-new-privileges:true" in host["SecurityOpt"], service
        assert host["Memory"], service
        assert host["PidsLimit"], service


@pytest.mark.parametrize("service", [*AGENCIES, *(f"{name}-engine" for name in AGENCIES)])
def test_what_runs_is_no_root_has_no_capability_and_cannot_write(
    project: Project, service: str
) -> None:
    told = project.run("exec", "-T", service, "sh", "-c", FORBIDDEN)
    status = dict(line.split(":\t", 1) for line in told.splitlines() if ":\t" in line)

    assert "Read-only file system" in told
    assert set(status["Uid"].split()) == {"10001"}
    assert {int(status[name], 16) for name in ("CapEff", "CapPrm", "CapBnd")} == {0}
    assert status["NoNewPrivs"] == "1"


def test_no_volume_of_one_agency_is_in_anothers_container(
    containers: dict[str, dict[str, Any]],
) -> None:
    seen = {service: volumes(container) for service, container in containers.items()}

    assert seen.pop("auditor") == {"post"}
    for name in AGENCIES:
        assert seen.pop(name) == {f"{name}-keys", f"{name}-data", f"{name}-engine"}
        assert seen.pop(f"{name}-engine") == {f"{name}-engine"}
    # What is left are steps of the ceremony, each of one member.
    assert len(seen) == 3 * len(AGENCIES) + 2
    for service, mounted in seen.items():
        assert mounted == {f"{agency_of(service)}-keys", "post"}, service


def test_only_nodes_are_published_and_on_this_machine_only(
    containers: dict[str, dict[str, Any]],
) -> None:
    for service, container in containers.items():
        bound = container["HostConfig"]["PortBindings"] or {}

        assert set(bound) == ({"8080/tcp"} if service in AGENCIES else set()), service
        assert {one["HostIp"] for ones in bound.values() for one in ones} <= {"127.0.0.1"}


def test_the_ceremony_has_no_network(containers: dict[str, dict[str, Any]]) -> None:
    steps = [s for s in containers if s.endswith(("-keys", "-sign", "-found")) or s == "draft"]

    assert len(steps) == 3 * len(AGENCIES) + 1
    assert {containers[step]["HostConfig"]["NetworkMode"] for step in steps} == {"none"}


def test_the_post_holds_public_files_and_no_key_of_anybody(project: Project) -> None:
    post = dict(files(project, "post"))
    secrets = [
        (f"{name}: {file}", content)
        for name in AGENCIES
        for file, content in files(project, f"{name}-keys")
        if file.endswith((".seed", ".key", ".share")) or file.startswith("tokens/")
    ]

    assert set(post) == POST | {"founding.note"}
    assert len(secrets) > 4 * 12
    for whose, secret in secrets:
        for text in (secret.strip(), secret.hex().encode(), b64encode(secret).rstrip(b"="),
                     urlsafe_b64encode(secret).rstrip(b"=")):  # fmt: skip
            assert not any(text in content for content in post.values()), whose


@pytest.mark.parametrize("name", AGENCIES)
def test_no_recovery_seed_stays_in_a_volume(project: Project, name: str) -> None:
    kept = dict(files(project, f"{name}-keys"))
    public = kept["recovery.pub"]
    rest = [
        *kept.values(),
        *(c for v in ("data", "engine") for _, c in files(project, f"{name}-{v}")),
    ]
    seeds = [content for content in [*rest, *dict(files(project, "post")).values()]
             if len(content) == 32]  # fmt: skip

    assert len(seeds) > 7
    assert public not in {SealingKey(seed).public.raw for seed in seeds}

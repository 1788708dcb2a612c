"""Where members listen, and where the others find them."""

from pathlib import Path

from demo.consortium import PROFILES
from demo.engines import Engines
from demo.leash import Leash
from demo.member import Member
from demo.process import HOST


def next_port(port: int) -> int:
    return port + 1


def test_what_stands_between_engines_is_told_to_the_others_and_not_listened_at() -> None:
    engines = Engines(Path("cometbft"), ["uwv"], liar="svb", way=next_port)

    settings = engines.settings("uwv")

    assert settings["address"] == engines.address("uwv")
    listens, found = (str(settings[name]).split(":") for name in ("listen", "address"))
    assert listens[0] == found[0] == HOST
    assert int(found[1]) == next_port(int(listens[1]))


def test_engines_start_with_the_tuning_that_was_chosen_last() -> None:
    engines = Engines(Path("cometbft"), ["uwv"], liar="svb")
    before = engines.settings("uwv")

    engines.profile = "wide"

    assert (before["profile"], engines.settings("uwv")["profile"]) == ("near", "wide")


def test_what_stands_between_nodes_is_not_between_a_node_and_its_own_people(
    tmp_path: Path,
) -> None:
    member = Member(PROFILES[0], tmp_path, Leash.__new__(Leash), way=next_port)

    assert member.url == f"http://{HOST}:{PROFILES[0].port}"
    assert member.peer_url == f"http://{HOST}:{next_port(PROFILES[0].port)}"
    member.close()


def test_consortiums_that_are_founded_at_once_do_not_all_choose_the_same_ports() -> None:
    chosen = [Engines(Path("cometbft"), ["uwv"], liar="svb").address("uwv") for _ in range(4)]

    assert len(set(chosen)) > 1

"""The same story where engines make the order, with the scenes that only they can show."""

from demo.story import ENGINE_SCENES, SCENES
from tests.support.engines import engine_command, short_folder
from tests.support.telling import tell


def test_every_scene_holds_on_engines_too() -> None:
    engine_command()

    with short_folder() as folder:
        told = tell(folder, "--engine", "cometbft")

    told.verify_scenes((*SCENES[:-3], *ENGINE_SCENES, *SCENES[-3:]))

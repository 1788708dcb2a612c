import subprocess
import sys
from pathlib import Path

import nodes

PROTO = Path("nodes/sequencer/cometbft/abci.proto")


def test_the_generated_code_is_what_the_protocol_file_makes(tmp_path: Path) -> None:
    root = Path(nodes.__file__).parents[1]
    outputs = [f"--python_out={tmp_path}", f"--pyi_out={tmp_path}"]

    subprocess.run(
        [sys.executable, "-m", "grpc_tools.protoc", "-I.", *outputs, str(PROTO)],
        cwd=root,
        check=True,
    )

    for ending in ("_pb2.py", "_pb2.pyi"):
        name = PROTO.with_name(f"abci{ending}")
        assert (root / name).read_text() == (tmp_path / name).read_text(), "run `make proto`"

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

TOYS = Path(__file__).parents[1] / "model"
"""Where the toy environment "points:make" is."""
sys.path.insert(0, str(TOYS))
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (str(TOYS), os.environ.get("PYTHONPATH"))))


@pytest.fixture(scope="module")
def nodes() -> Iterator[Any]:
    """A Ray of the module's own: a node with room for two, and one for a third."""
    import ray

    from trackmania_rl.cluster.nodes import local_nodes

    with local_nodes(2, 1, object_store_memory=100 * 2**20) as nodes:
        ray.init(address=nodes.address, log_to_driver=False, logging_level="ERROR")
        yield nodes
        ray.shutdown()


@pytest.fixture(scope="module", autouse=True)
def volume(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A data volume of the module's own."""
    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("data")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TRACKMANIA_RL_DATA", str(folder))
        yield folder

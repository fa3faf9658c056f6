"""Tests of the containers are asked for by name: they take minutes."""

import pytest


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if "containers" in config.option.markexpr:
        return
    for item in items:
        if item.get_closest_marker("containers"):
            item.add_marker(pytest.mark.skip(reason="builds and starts containers: `make test-containers`"))

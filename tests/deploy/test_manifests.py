"""What compose and Kubernetes are told: it fits their schemas, our command line and our metrics."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from trackmania_rl.cli import app

yaml = pytest.importorskip("yaml")
kubernetes_validate = pytest.importorskip("kubernetes_validate")

ROOT = Path(__file__).parents[2]
KUBERNETES = ROOT / "deploy" / "kubernetes"
SCHEMA = "1.32"
OVERLAYS = ("base", "overlays/cpu", "overlays/gpu")
CUSTOM = ("ScaledObject", "RayCluster")
"""Kinds of operators, whose schemas are not Kubernetes' own; what is in them is looked at below."""


def manifests(folder: Path) -> list[dict[str, Any]]:
    """The objects in a folder's files, as they are written."""
    files = [path for path in sorted(folder.rglob("*.yaml")) if path.name != "kustomization.yaml"]
    return [one for path in files for one in yaml.safe_load_all(path.read_text()) if one]


def rendered(overlay: str) -> list[dict[str, Any]]:
    """The objects that would be applied."""
    command = next(
        (c for c in (["kubectl", "kustomize"], ["kustomize", "build"]) if shutil.which(c[0])), None
    )
    if command is None:
        pytest.skip("neither kubectl nor kustomize is installed: overlays are not rendered")
    done = subprocess.run([*command, str(KUBERNETES / overlay)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return [one for one in yaml.safe_load_all(done.stdout) if one]


def named(objects: list[dict[str, Any]], kind: str, name: str) -> dict[str, Any]:
    return next(one for one in objects if (one["kind"], one["metadata"]["name"]) == (kind, name))


def valid(one: dict[str, Any]) -> None:
    kubernetes_validate.validate(one, SCHEMA, strict=True)


def understood(arguments: list[str]) -> None:
    """Whether our command line takes these arguments; nothing is run."""
    command: Any = get_command(app).commands[arguments[0]]  # type: ignore[attr-defined]
    values = [re.sub(r"\$\(\w+\)", "1", argument) for argument in arguments[1:]]
    command.make_context(arguments[0], values, resilient_parsing=False)


@pytest.mark.parametrize(
    "one", manifests(KUBERNETES), ids=lambda one: f"{one['kind']}-{one['metadata']['name']}"
)
def test_every_manifest_fits_its_schema(one: dict[str, Any]) -> None:
    if one["kind"] not in CUSTOM:
        valid(one)


def test_a_manifest_with_a_slip_of_the_pen_is_noticed() -> None:
    service = named(manifests(KUBERNETES / "base"), "Service", "trackmania-env")
    with pytest.raises(kubernetes_validate.ValidationError):
        valid({**service, "spec": {**service["spec"], "port": 8080}})


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_overlays_render_to_valid_objects_whose_commands_exist(overlay: str) -> None:
    objects = rendered(overlay)
    for one in objects:
        if one["kind"] not in CUSTOM:
            valid(one)
        if one["kind"] == "Deployment":
            [container] = one["spec"]["template"]["spec"]["containers"]
            understood(container["args"])
            assert container["securityContext"]["readOnlyRootFilesystem"]
    model = named(objects, "Deployment", "trackmania-model")
    [container] = model["spec"]["template"]["spec"]["containers"]
    asked = next(one for one in container["args"] if one.startswith("--remote-worlds="))
    named(objects, "Service", asked.split("//")[1].split(":")[0])
    assert ("nvidia.com/gpu" in container["resources"]["limits"]) == (overlay == "overlays/gpu")


def test_scaling_goes_by_a_figure_that_the_service_has() -> None:
    objects = manifests(KUBERNETES / "worlds")
    [scaled] = [one for one in objects if one["kind"] == "ScaledObject"]
    named(objects, "Deployment", scaled["spec"]["scaleTargetRef"]["name"])
    query = scaled["spec"]["triggers"][0]["metadata"]["query"]
    source = "".join(path.read_text() for path in (ROOT / "src/trackmania_rl/environment").glob("*.py"))
    for metric in re.findall(r"trackmania_\w+_total", query):
        assert f'"{metric}"' in source


def test_pods_of_the_ray_cluster_are_valid() -> None:
    [cluster] = manifests(KUBERNETES / "ray")
    assert cluster["spec"]["enableInTreeAutoscaling"]
    for group in (cluster["spec"]["headGroupSpec"], *cluster["spec"]["workerGroupSpecs"]):
        valid(
            {
                "apiVersion": "v1",
                "kind": "Pod",
                "metadata": {"name": "pod"},
                "spec": group["template"]["spec"],
            }
        )


def test_the_training_on_kubernetes_is_understood() -> None:
    lines = (ROOT / "docs" / "deployment.md").read_text().splitlines()
    [line] = [line for line in lines if "kubectl exec" in line]
    understood(line.split("trackmania-rl ")[1].split())


def test_compose_names_commands_files_and_volumes_that_exist() -> None:
    compose = yaml.safe_load((ROOT / "compose.yaml").read_text())
    for name, service in compose["services"].items():
        if "build" in service:
            assert (ROOT / service["build"]["dockerfile"]).is_file()
            if "command" in service:
                understood([re.sub(r"\$\{\w+:-(.*?)\}", r"\1", one) for one in service["command"]])
        for volume in service.get("volumes", ()):
            source = re.sub(r"\$\{\w+:-(.*?)\}", r"\1", volume).split(":")[0]
            assert (ROOT / source).exists() if source.startswith(".") else source in compose["volumes"], name
        assert service["mem_limit"]

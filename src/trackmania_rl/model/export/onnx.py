"""A policy as an ONNX graph, for runtimes that know nothing of this project.

The graph takes the environment's raw observations and gives the environment's actions: normalisation and
squashing are inside. It is written node by node, which needs neither PyTorch nor its exporter.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from trackmania_rl.model.sac.policy import NORM_EPSILON, Policy
from trackmania_rl.protocol.errors import InputError
from trackmania_rl.protocol.volume import write_whole

if TYPE_CHECKING:
    from onnx import ModelProto, NodeProto

OPSET = 17
"""ONNX operators: the oldest set that has LayerNormalization."""
IR_VERSION = 8
"""File format, of the same release (ONNX 1.12)."""
TOLERANCE = 1e-5
"""Greatest difference to the policy's own actions."""
SAMPLES = 256
"""Observations that the written graph is compared on."""


def graph(policy: Policy, metadata: Mapping[str, str] | None = None) -> ModelProto:
    """The policy's mode: `observation` (n, o) float32, raw -> `action` (n, a) float32, environment's units.

    Of discrete actions `action` is (n,) int64, the number of each choice.

    Args:
        policy: What to write.
        metadata: Kept in the model's properties.
    """
    from onnx import TensorProto, checker, helper, numpy_helper

    actions = len(policy.low)
    constants: dict[str, NDArray[Any]] = {"mean": policy.mean, "scale": policy.scale}
    nodes: list[NodeProto] = []

    def then(operator: str, *inputs: str, **attributes: Any) -> str:
        output = "action" if inputs[-1] in ("middle", "first") else f"x{len(nodes)}"
        nodes.append(helper.make_node(operator, inputs, [output], **attributes))
        return output

    x = then("Div", then("Sub", "observation", "mean"), "scale")
    for index, layer in enumerate(policy.layers):
        last = index == len(policy.layers) - 1
        width = actions if last else layer.weight.shape[1]  # the spread of the actions is only for training
        constants[f"weight{index}"] = layer.weight[:, :width]
        constants[f"bias{index}"] = np.ravel(layer.bias)[:width]
        x = then("Gemm", x, f"weight{index}", f"bias{index}")
        if layer.gain is not None and layer.shift is not None:
            constants[f"gain{index}"], constants[f"shift{index}"] = (
                np.ravel(layer.gain),
                np.ravel(layer.shift),
            )
            x = then("LayerNormalization", x, f"gain{index}", f"shift{index}", axis=-1, epsilon=NORM_EPSILON)
        if not last:
            x = then("Relu", x)
    if policy.first_choice is None:
        constants["half_range"] = 0.5 * (policy.high - policy.low)
        constants["middle"] = 0.5 * (policy.high + policy.low)
        then("Add", then("Mul", then("Tanh", x), "half_range"), "middle")
        action = helper.make_tensor_value_info("action", TensorProto.FLOAT, ["n", actions])
    else:
        constants["first"] = np.array(policy.first_choice)
        then("Add", then("ArgMax", x, axis=-1, keepdims=0), "first")
        action = helper.make_tensor_value_info("action", TensorProto.INT64, ["n"])
    observation = helper.make_tensor_value_info("observation", TensorProto.FLOAT, ["n", policy.observations])

    model = helper.make_model(
        helper.make_graph(
            nodes,
            "policy",
            [observation],
            [action],
            [numpy_helper.from_array(np.ascontiguousarray(value), name) for name, value in constants.items()],
        ),
        producer_name="trackmania-rl",
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
    )
    helper.set_model_props(model, {"version": policy.version, **(metadata or {})})
    checker.check_model(model, full_check=True)
    return model


def export(policy: Policy, out: Path, metadata: Mapping[str, object] | None = None) -> float:
    """Write the policy, after ONNX Runtime gave the same actions.

    Args:
        policy: What to write.
        out: File to write, whole or not at all.
        metadata: Kept in the model's properties; what is no text as JSON.

    Returns:
        Greatest difference of an action to the policy's own, over random observations.

    Raises:
        InputError: It sees images, the extra `export` is not installed, or the difference is too great.
    """
    if policy.sight is not None:
        raise InputError("the policy sees images, expected one of numbers: its encoder is not exported")
    try:
        import onnx  # noqa: F401
        from onnxruntime import InferenceSession
    except ImportError as error:
        raise InputError(
            f"{error.name} is not installed, expected the extra 'export': pip install 'trackmania-rl[export]'"
        ) from error
    texts = {name: x if isinstance(x, str) else json.dumps(x) for name, x in (metadata or {}).items()}
    content: bytes = graph(policy, texts).SerializeToString()
    session = InferenceSession(content, providers=["CPUExecutionProvider"])
    noise = np.random.default_rng(0).standard_normal((SAMPLES, policy.observations), np.float32)
    observation = policy.mean + policy.scale * noise
    (action,) = session.run(["action"], {"observation": observation})
    difference = float(np.abs(action - policy.act(observation)).max())
    if not difference <= TOLERANCE * float((policy.high - policy.low).max()):
        raise InputError(
            f"the graph's actions differ by {difference:.1e} from the policy's, expected at most "
            f"{TOLERANCE}: {out} is not written"
        )
    write_whole(out, content)
    return difference

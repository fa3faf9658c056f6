"""The viewer's types, written from the source of messages.py, docstrings included.

    python -m trackmania_rl.protocol.typescript            writes viewer/src/protocol/messages.ts
    python -m trackmania_rl.protocol.typescript --check    fails when that file is stale

A field with a default may be left out of the JSON (see messages.py), so it is optional in TypeScript.
"""

from __future__ import annotations

import ast
import inspect
import json
import sys
from collections.abc import Iterator
from pathlib import Path

from trackmania_rl.protocol import PROTOCOL_VERSION, frames, messages, poses

TARGET = Path(__file__).parents[3] / "viewer/src/protocol/messages.ts"
"""Where the viewer finds its types."""

_PRIMITIVES = {
    "str": "string",
    "float": "number",
    "int": "number",
    "bool": "boolean",
    "None": "null",
    "Any": "unknown",
}


def typescript() -> str:
    """The whole file."""
    parts = [
        "// Written by `python -m trackmania_rl.protocol.typescript`: change protocol/messages.py, not this."
    ]
    parts += _constants()
    module = ast.parse(inspect.getsource(messages))
    for node, following in zip(module.body, [*module.body[1:], None], strict=True):
        if isinstance(node, ast.ClassDef) and node.name not in ("Message", "Answer"):
            parts.append(_interface(node))
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            doc = _comment(_attribute_doc(following), "")
            parts.append(f"{doc}export type {node.targets[0].id} = {_type(node.value)};")
    return "\n\n".join(parts) + "\n"


def _constants() -> list[str]:
    """What the binary frames are made of."""
    kinds = ", ".join(f"{kind.name}: {int(kind)}" for kind in frames.Kind)
    bits = ", ".join(
        f"{name.removeprefix('STATE_')}: {value}"
        for name, value in vars(poses).items()
        if name.startswith("STATE_")
    )
    return [
        f"/** Version of the protocol; in the header of every frame. */\n"
        f"export const PROTOCOL_VERSION = {PROTOCOL_VERSION};",
        f"/** First two bytes of a binary frame. */\nexport const FRAME_MAGIC = 0x{frames.MAGIC:04x};",
        f"/** Length of a binary frame's header [bytes]. */\n"
        f"export const FRAME_HEADER_SIZE = {frames.HEADER.size};",
        f"/** Kinds of binary frames. */\nexport const FrameKind = {{ {kinds} }} as const;",
        f"/** Columns of a pose, in order; LIDAR columns may follow. */\n"
        f"export const POSE_FIELDS = {_strings(poses.POSE_FIELDS)} as const;",
        "export type PoseField = (typeof POSE_FIELDS)[number];",
        f"/** Bits of the pose's `state`. */\nexport const StateBit = {{ {bits} }} as const;",
        f"/** Why an episode ended; the index is the cause code of the final info. */\n"
        f"export const CAUSES = {_strings(frames.CAUSES)} as const;",
    ]


def _strings(names: tuple[str, ...]) -> str:
    """An array of strings, on one line where it fits."""
    line = ", ".join(json.dumps(name) for name in names)
    return f"[{line}]" if len(line) < 80 else "[\n  " + line.replace(", ", ",\n  ") + ",\n]"


def _interface(node: ast.ClassDef) -> str:
    """A message."""
    lines = [f"{_comment(ast.get_docstring(node), '')}export interface {node.name} {{"]
    lines += [f"  {tag}: {json.dumps(value)};" for tag, value in _tag(node)]
    for field, following in zip(node.body, [*node.body[1:], None], strict=True):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name):
            mark, kind = (
                ("", field.annotation) if field.value is None else ("?", _without_none(field.annotation))
            )
            doc = _comment(_attribute_doc(following), "  ")
            lines.append(f"{doc}  {field.target.id}{mark}: {_type(kind)};")
    return "\n".join([*lines, "}"])


def _tag(node: ast.ClassDef) -> Iterator[tuple[str, str]]:
    """The field that tells the messages of a union apart."""
    given = {word.arg: ast.literal_eval(word.value) for word in node.keywords}
    if "tag" in given:
        yield given["tag_field"], given["tag"]


def _attribute_doc(node: ast.stmt | None) -> str | None:
    """The string that stands below an attribute."""
    if (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    ):
        return inspect.cleandoc(node.value.value)
    return None


def _comment(doc: str | None, indent: str) -> str:
    if doc is None:
        return ""
    lines = doc.splitlines()
    if len(lines) == 1:
        return f"{indent}/** {lines[0]} */\n"
    return "\n".join([f"{indent}/**", *(f"{indent} * {line}".rstrip() for line in lines), f"{indent} */\n"])


def _without_none(annotation: ast.expr) -> ast.expr:
    """`X | None = None` is left out when it is None, so it is `X?`, never null."""
    match annotation:
        case ast.BinOp(left=left, op=ast.BitOr(), right=ast.Constant(value=None)):
            return left
    return annotation


def _type(node: ast.expr) -> str:
    """A type annotation in TypeScript."""
    match node:
        case ast.Name(id=name):
            return _PRIMITIVES.get(name, name)
        case ast.Constant(value=value):
            return _PRIMITIVES.get(str(value), str(value))
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            return f"{_type(left)} | {_type(right)}"
        case ast.Subscript(value=ast.Name(id="Annotated"), slice=ast.Tuple(elts=[kind, *_])):
            return _type(kind)
        case ast.Subscript(value=ast.Name(id="Literal"), slice=ast.Tuple(elts=values)):
            return " | ".join(json.dumps(ast.literal_eval(value)) for value in values)
        case ast.Subscript(value=ast.Name(id="list"), slice=kind):
            return f"{_type(kind)}[]"
        case ast.Subscript(value=ast.Name(id="dict"), slice=ast.Tuple(elts=[key, value])):
            return f"Record<{_type(key)}, {_type(value)}>"
    raise TypeError(f"{ast.unparse(node)} has no translation to TypeScript yet: add one to {__name__}")


def main() -> None:
    """Write the file, or check it."""
    if "--check" not in sys.argv:
        TARGET.parent.mkdir(parents=True, exist_ok=True)
        TARGET.write_text(typescript())
    elif TARGET.read_text() != typescript():
        sys.exit(f"{TARGET} is stale: run `python -m trackmania_rl.protocol.typescript`")


if __name__ == "__main__":
    main()

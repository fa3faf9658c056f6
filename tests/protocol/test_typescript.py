"""The viewer's types are those of the messages."""

from __future__ import annotations

import re

from trackmania_rl.protocol import messages
from trackmania_rl.protocol.typescript import TARGET, typescript


def test_the_viewers_file_is_fresh() -> None:
    assert TARGET.read_text() == typescript(), "run `python -m trackmania_rl.protocol.typescript`"


def test_every_message_and_field_is_there() -> None:
    text = typescript()
    structs = [kind for kind in vars(messages).values() if hasattr(kind, "__struct_fields__")]
    assert len(structs) > 30
    for kind in structs:
        if kind.__struct_fields__:
            body = re.search(rf"interface {kind.__name__} {{(.*?)\n}}", text, re.DOTALL)
            assert body is not None, kind
            assert set(kind.__struct_fields__) <= set(re.findall(r"^  (\w+)\??:", body[1], re.MULTILINE))


def test_what_may_be_left_out_is_optional() -> None:
    text = typescript()
    assert "  seq?: number;" in text
    assert '  type: "race";' in text

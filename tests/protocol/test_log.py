"""One line for each thing that happened."""

from __future__ import annotations

import json
import logging
import sys

from trackmania_rl.protocol.log import Line


def failure() -> logging.LogRecord:
    try:
        raise ValueError("two\nlines")
    except ValueError:
        return logging.LogRecord("a.b", logging.ERROR, __file__, 1, "it %s", ("failed",), sys.exc_info())


def test_a_failure_is_one_line_of_text() -> None:
    line = Line(as_json=False).format(failure())
    assert "\n" not in line
    assert " error a.b it failed Traceback" in line and "ValueError: two | lines" in line


def test_a_failure_is_one_json_object() -> None:
    line = Line(as_json=True).format(failure())
    assert "\n" not in line
    fields = json.loads(line)
    assert (fields["level"], fields["logger"], fields["message"]) == ("error", "a.b", "it failed")
    assert "ValueError: two\nlines" in fields["traceback"]

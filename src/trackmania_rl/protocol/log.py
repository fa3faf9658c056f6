"""What the services write to their log: one line for each thing that happened, as text or as JSON."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime


class Line(logging.Formatter):
    """A line for each record; a traceback becomes part of it.

    Args:
        as_json: One JSON object (time, level, logger, message, perhaps traceback) instead of text.
    """

    def __init__(self, *, as_json: bool) -> None:
        super().__init__()
        self._as_json = as_json

    def format(self, record: logging.LogRecord) -> str:
        """The record's line, without its end."""
        fields = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            fields["traceback"] = self.formatException(record.exc_info)
        if self._as_json:
            return json.dumps(fields, ensure_ascii=False)
        return " ".join(fields.values()).replace("\n", " | ")


def write_log(*, as_json: bool) -> None:
    """Write everything from "info" on to standard error, a line each."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Line(as_json=as_json))
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)

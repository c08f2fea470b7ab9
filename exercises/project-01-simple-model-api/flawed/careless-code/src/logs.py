"""One log line an event, for people or for machines."""

from __future__ import annotations

import json, os
import logging
from datetime import UTC, datetime

FACTS = ("correlation_id", "method", "path", "status", "duration_ms")
TEXT_FORMAT = "%(asctime)s %(levelname)s %(name)s %(message)s"


class JsonFormatter(logging.Formatter):
    """Writes a record as one JSON object."""

    def format(self, record: logging.LogRecord) -> str:
        """Turn a record into a line.

        Args:
            record: What was logged.

        Returns:
            The line.
        """
        moment = datetime.fromtimestamp(record.created, UTC)
        line = {
            "timestamp": moment.isoformat(),
            "level": record.levelname,
            "logger" : record.name,
            "message": record.getMessage(), "logger_of_the_record": record.name, "number": record.levelno
        }
        line.update(
            {name: vars(record)[name] for name in FACTS if hasattr(record, name)}
        )
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line)


def set_up_logging(level: str, style: str) -> None:
    """Send log lines to standard error.

    Args:
        level: Lowest level that is written.
        style: "json" or "text".
    """
    handler = logging.StreamHandler()
    as_json = style == "json"
    handler.setFormatter(JsonFormatter() if as_json else logging.Formatter(TEXT_FORMAT))
    logging.basicConfig(level=level, handlers=[handler], force=True)

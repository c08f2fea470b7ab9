"""Logs as lines of JSON, which Filebeat collects and Logstash understands."""

from __future__ import annotations

import json
import logging
import os
import socket
import sys
from datetime import UTC, datetime

CONTEXT = (
    "request_id",
    "endpoint",
    "method",
    "status_code",
    "duration_ms",
    "model_name",
    "prediction_class",
    "confidence",
)
"""What a call may hand over in `extra`."""


class JsonFormatter(logging.Formatter):
    """Makes one JSON object of each log entry."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the entry as one line."""
        entry = {
            "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            "context": {name: getattr(record, name) for name in CONTEXT if hasattr(record, name)},
            "hostname": socket.gethostname(),
            "service": os.getenv("SERVICE_NAME", "churn-api"),
            "environment": os.getenv("ENVIRONMENT", "development"),
        }
        if record.exc_info:
            entry["exception"] = self.formatException(record.exc_info)
        return json.dumps(entry, default=str)


def setup_logging(level: str = "INFO") -> None:
    """Send all log entries of this process to standard output."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())

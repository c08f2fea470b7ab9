import json
import logging
import sys


class JsonFormatter(logging.Formatter):
    def format(self, record):
        entry = {"timestamp": self.formatTime(record), "level": record.levelname, "message": record.getMessage()}
        entry.update(getattr(record, "context", {}))
        return json.dumps(entry)


def setup_logging():
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonFormatter())
    root = logging.getLogger()


logger = logging.getLogger(__name__)
setup_logging()


def predict(request):
    logger.info("predicted", extra={"context": {"request_id": request.id, "duration_ms": 3}})
    return 1


predict(None)

import json
import logging

CONTEXT = ("request_id", "status_code")


class Formatter(logging.Formatter):
    def format(self, record):
        entry = {"message": record.getMessage()}
        entry.update({name: getattr(record, name) for name in CONTEXT if hasattr(record, name)})
        return json.dumps(entry)


handler = logging.StreamHandler()
handler.setFormatter(Formatter())
logging.getLogger().addHandler(handler)


def answered(request, status, started, now):
    facts = {"request_id": request.id, "status_code": status}
    facts["duration_ms"] = 1000 * (now - started)
    logging.getLogger("api").info("answered", extra=facts)


answered(*map(eval, ["request", "200", "0", "1"]))

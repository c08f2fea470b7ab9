import json
import logging

CONTEXT = ("request_id", "status_code")


class Formatter(logging.Formatter):
    def format(self, record):
        return json.dumps({"message": record.getMessage()})


handler = logging.StreamHandler()
handler.setFormatter(Formatter())
logging.getLogger().addHandler(handler)
logging.getLogger("api").info("answered")

import logging

from pythonjsonlogger import jsonlogger


class Context(logging.Filter):
    def filter(self, record):
        record.request_id = "1"
        return True


handler = logging.StreamHandler()
handler.addFilter(Context())
handler.setFormatter(jsonlogger.JsonFormatter("%(levelname)s %(message)s", timestamp=True))
logging.basicConfig(level="INFO", handlers=[handler])
log = logging.LoggerAdapter(logging.getLogger("api"), {"service": "api"})
log.info("request")

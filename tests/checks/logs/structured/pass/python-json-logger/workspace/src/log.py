import logging

from pythonjsonlogger import jsonlogger


def configure():
    handler = logging.StreamHandler()
    formatter = jsonlogger.JsonFormatter("%(asctime)s %(levelname)s %(message)s", rename_fields={"levelname": "level"})
    handler.setFormatter(formatter)
    logging.basicConfig(level="INFO", handlers=[handler])

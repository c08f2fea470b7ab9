import json

from loguru import logger


def as_json(message):
    record = message.record
    print(json.dumps({"timestamp": record["time"].isoformat(), "level": record["level"].name, "service": "api", **record["extra"]}))


logger.remove()
logger.add(as_json)
with logger.contextualize(request_id="1"):
    logger.info("request")

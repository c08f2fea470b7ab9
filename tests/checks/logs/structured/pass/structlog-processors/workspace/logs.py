import logging

import structlog


def add_service(_, __, event_dict):
    event_dict["service"] = "api"
    event_dict.update(environment="test")
    return event_dict


SHARED = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    add_service,
    structlog.processors.TimeStamper(fmt="iso"),
]
structlog.configure(
    processors=[*SHARED, structlog.processors.JSONRenderer()],
    logger_factory=structlog.stdlib.LoggerFactory(),
)
logging.basicConfig(format="%(message)s")

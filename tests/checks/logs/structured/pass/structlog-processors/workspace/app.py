import logs  # noqa: F401
import structlog

log = structlog.get_logger("api")
structlog.contextvars.bind_contextvars(request_id="1")
log.info("request")

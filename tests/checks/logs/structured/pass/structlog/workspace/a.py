import structlog

structlog.configure(processors=[structlog.processors.TimeStamper(key="timestamp"), structlog.processors.JSONRenderer()])
log = structlog.get_logger()
log.info("started", request_id="1")

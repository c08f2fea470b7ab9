import logging

from log import configure

configure()
log = logging.getLogger("api")


@app.get("/")
def index():
    log.info("hello", extra={"request_id": "1"})
    return {}

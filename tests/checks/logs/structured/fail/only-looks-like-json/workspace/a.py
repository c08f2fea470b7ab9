import logging

# handler.setFormatter(JsonFormatter())
logging.basicConfig(format='{"level": "%(levelname)s", "message": "%(message)s"}')
logging.info("hello")

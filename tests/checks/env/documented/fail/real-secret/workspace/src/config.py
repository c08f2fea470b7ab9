import os

PORT = int(os.environ.get("PORT", "5000"))
LEVEL = os.getenv("LOG_LEVEL", "INFO")
KEY = os.environ["API_KEY"]
HOME = os.environ["HOME"]

import os

API_KEY = "9f86d081884c7d659a2feaa0c55ad015"

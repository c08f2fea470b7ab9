import os

API_KEY = os.environ["API_KEY"]
DATABASE = f"postgresql://{USER}:{PASSWORD}@db/app"

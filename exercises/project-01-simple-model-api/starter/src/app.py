"""HTTP layer of the service.

Below are two outlines, one for each framework. Choose one, write it as code, and delete
the other.
"""

FLASK_OUTLINE = '''
from flask import Flask, jsonify, request

app = Flask(__name__)


@app.route("/predict", methods=["POST"])
def predict():
    """Classify an uploaded image."""
    # TODO: Implement this endpoint
    pass


@app.route("/health", methods=["GET"])
def health():
    """Tell whether the model is loaded."""
    # TODO: Implement this endpoint
    pass


@app.route("/info", methods=["GET"])
def info():
    """Describe the model and the limits."""
    # TODO: Implement this endpoint
    pass


@app.errorhandler(404)
def not_found(error):
    """Answer an unknown path."""
    # TODO: Implement this handler
    pass


if __name__ == "__main__":
    app.run(host="0.0.0.0", port=5000)
'''

FASTAPI_OUTLINE = '''
from fastapi import FastAPI, File, UploadFile

app = FastAPI(title="Simple Model API")


@app.on_event("startup")
async def init_model():
    """Load the network."""
    # TODO: Implement this function
    pass


@app.post("/predict")
async def predict(file: UploadFile = File(...), top_k: int = 5):
    """Classify an uploaded image."""
    # TODO: Implement this endpoint
    pass


@app.get("/health")
async def health():
    """Tell whether the model is loaded."""
    # TODO: Implement this endpoint
    pass


@app.get("/info")
async def info():
    """Describe the model and the limits."""
    # TODO: Implement this endpoint
    pass
'''

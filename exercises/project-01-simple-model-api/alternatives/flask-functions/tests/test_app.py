"""Endpoint tests in unittest style."""

import io
import sys
import unittest
from pathlib import Path

from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[1] / "src"))

import app as service


def picture() -> io.BytesIO:
    """Return a small PNG."""
    content = io.BytesIO()
    Image.new("RGB", (32, 32), "red").save(content, "PNG")
    content.seek(0)
    return content


class EndpointTests(unittest.TestCase):
    """The service through Flask's test client."""

    def setUp(self):
        service.start()
        self.client = service.app.test_client()

    def test_health(self):
        answer = self.client.get("/health")
        self.assertEqual(answer.status_code, 200)
        self.assertTrue(answer.json["model_loaded"])

    def test_unhealthy_without_model(self):
        service.STATE["model"] = None
        self.assertEqual(self.client.get("/health").status_code, 503)

    def test_predict(self):
        answer = self.client.post("/predict", data={"file": (picture(), "a.png")})
        self.assertEqual(answer.status_code, 200)
        self.assertEqual(len(answer.json["predictions"]), 5)

    def test_top_k(self):
        data = {"file": (picture(), "a.png"), "top_k": "2"}
        answer = self.client.post("/predict", data=data)
        self.assertEqual([p["rank"] for p in answer.json["predictions"]], [1, 2])

    def test_bad_top_k(self):
        for value in ("0", "-1", "100", "abc"):
            data = {"file": (picture(), "a.png"), "top_k": value}
            answer = self.client.post("/predict", data=data)
            self.assertEqual(answer.status_code, 400)
            self.assertEqual(answer.json["error"]["code"], "INVALID_PARAMETER")

    def test_missing_file(self):
        answer = self.client.post("/predict", data={})
        self.assertEqual(answer.json["error"]["code"], "MISSING_FILE")

    def test_no_image(self):
        data = {"file": (io.BytesIO(b"text"), "a.png")}
        answer = self.client.post("/predict", data=data)
        self.assertEqual(answer.json["error"]["code"], "INVALID_IMAGE_FORMAT")

    def test_unknown_path(self):
        self.assertEqual(self.client.get("/nope").status_code, 404)

    def test_info(self):
        self.assertIn("limits", self.client.get("/model/info").json)

"""The endpoints are called, and nothing is said about what they answer."""


def test_prediction(client, picture):
    client.post("/predict", files={"file": ("photo.png", picture())})


def test_prediction_without_file(client):
    response = client.post("/predict")
    print(response.status_code)


def test_health(client):
    response = client.get("/health")
    assert True, response.json()


def test_info(client):
    client.get("/info").json()

"""What MLflowTracker does."""

import mlflow
import training


def noted(name):
    return [[*given, *named.values()] for call, given, named in mlflow.noted if call == name]


def tracker():
    return training.MLflowTracker("http://tracking.internal:5000", "images")


def test_tracker_begins():
    """The tracker chooses server and experiment"""
    tracker()
    assert noted("set_tracking_uri") == [["http://tracking.internal:5000"]]
    assert "images" in str(noted("set_experiment"))


def test_tracker_records(draw):
    """Parameters, metrics and their steps reach MLflow"""
    rate, loss, step = draw.random(), draw.random(), draw.randint(1, 99)
    mine = tracker()
    mine.start_run("first", {"framework": "pytorch"})
    mine.log_params({"learning_rate": rate})
    mine.log_metrics({"train_loss": loss}, step)
    mine.end_run()
    said = str([call for call in mlflow.noted if call[0].startswith("log_")])
    assert "first" in str(noted("start_run"))
    assert f"'learning_rate': {rate}" in said or f"'learning_rate', {rate}" in said
    assert f"'train_loss': {loss}" in said or f"'train_loss', {loss}" in said
    assert str(step) in said
    assert len(noted("end_run")) == 1

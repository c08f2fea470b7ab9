"""Training, tracking, evaluation and tuning."""

from __future__ import annotations

import json
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from src import evaluation, hyperparameter_tuning
from src.evaluation import ModelEvaluator
from src.images import LabelledImages, loaders
from src.training import MLflowTracker, ModelTrainer


@pytest.fixture
def tracker(recorded):
    return MLflowTracker("http://tracking:5000", "images")


@pytest.fixture
def trainer(settings, tracker):
    return ModelTrainer(settings, tracker)


def with_accuracies(trainer, monkeypatch, *accuracies):
    """Let each epoch end with the next of these accuracies."""
    left = iter(accuracies)
    monkeypatch.setattr(trainer, "train_epoch", lambda *_: (0.5, 0.6))
    monkeypatch.setattr(trainer, "validate", lambda *_: (0.4, next(left)))


def test_tracker_chooses_server_and_experiment(tracker, recorded):
    assert recorded("set_tracking_uri") == [(("http://tracking:5000",), {})]
    assert recorded("set_experiment") == [(("images",), {})]


def test_registered_version_replaces_the_one_in_its_stage(tracker, recorded):
    number = tracker.register_model("run-1", "image_classifier", {"framework": "x"})
    tracker.transition_model_stage("image_classifier", number, "Staging")
    assert recorded("register_model")[0][0][:2] == (
        "runs:/run-1/model",
        "image_classifier",
    )
    (moved,) = recorded("transition_model_version_stage")
    assert moved[1]["version"] == "3"
    assert moved[1]["archive_existing_versions"] is True


def test_last_layer_fits_the_classes(trainer):
    assert trainer.create_model(4, "resnet18").fc.out_features == 4
    assert trainer.create_model(3, "mobilenet_v2").classifier[1].out_features == 3


def test_unknown_network_is_refused(trainer):
    with pytest.raises(ValueError, match="vgg16"):
        trainer.create_model(4, "vgg16")


def test_best_epoch_is_kept(trainer, monkeypatch, recorded):
    with_accuracies(trainer, monkeypatch, 0.5, 0.8, 0.7)
    _, best = trainer.train([], [], 4, {"num_epochs": 3})
    assert best == 0.8
    assert (trainer.model_save_path / "best_model.pth").is_file()
    epochs = [named["step"] for _, named in recorded("log_metrics")]
    assert epochs == [1, 2, 3, None]
    assert recorded("log_metrics")[-1][0][0]["best_val_accuracy"] == 0.8
    assert recorded("log_model") == [(("model",), {})]
    assert len(recorded("end_run")) == 1


def test_training_stops_early(trainer, monkeypatch, recorded):
    with_accuracies(trainer, monkeypatch, *[0.5] * 20)
    trainer.train([], [], 4, {"early_stopping_patience": 2})
    assert recorded("log_metrics")[-1][0][0]["total_epochs"] == 3


def test_hyperparameters_are_recorded(trainer, monkeypatch, recorded):
    with_accuracies(trainer, monkeypatch, 0.5)
    trainer.train([], [], 4, {"num_epochs": 1, "optimizer": "sgd"})
    (given, _) = recorded("log_params")[0]
    assert given[0]["optimizer"] == "sgd"
    assert given[0]["batch_size"] == 32


def test_metrics_are_right(settings):
    evaluator = ModelEvaluator(settings, ["bird", "cat"])
    metrics = evaluator.compute_metrics([0, 0, 1, 1], [0, 1, 1, 1])
    assert metrics["test_accuracy"] == 0.75
    assert metrics["bird_recall"] == 0.5
    assert metrics["cat_precision"] == pytest.approx(2 / 3)
    assert metrics["test_f1"] == pytest.approx((2 / 3 + 4 / 5) / 2)


def test_class_that_never_comes_counts_nothing(settings):
    metrics = ModelEvaluator(settings, ["a", "b"]).compute_metrics([0], [0])
    assert metrics["b_f1"] == 0


def test_evaluation_leaves_and_records_files(settings, tracker, monkeypatch, recorded):
    evaluator = ModelEvaluator(settings, ["bird", "cat"])
    monkeypatch.setattr(
        evaluator, "predict", lambda *_: (np.array([0, 1]), np.array([0, 1]))
    )
    picture = evaluator.plots_dir / "confusion_matrix.png"
    monkeypatch.setattr(evaluator, "plot_confusion_matrix", lambda _: picture)
    metrics = evaluator.evaluate(None, None, tracker)
    assert metrics["test_accuracy"] == 1
    written = json.loads((evaluator.plots_dir / "test_metrics.json").read_text())
    assert written == metrics
    assert "bird" in (evaluator.plots_dir / "classification_report.txt").read_text()
    assert len(recorded("log_artifact")) == 3


def test_predictions_are_collected(settings):
    answers = SimpleNamespace(argmax=lambda _: np.array([1, 0]))
    model = SimpleNamespace(eval=lambda: None, __call__=None)

    class Model:
        eval = staticmethod(model.eval)

        def __call__(self, images):
            return answers

    loader = [("images", np.array([1, 1]))]
    true, predicted = ModelEvaluator(settings, ["a", "b"]).predict(Model(), loader)
    assert (true.tolist(), predicted.tolist()) == ([1, 1], [1, 0])


def test_images_are_prepared(tmp_path):
    Image.new("L", (10, 10)).save(tmp_path / "a.png")
    table = pd.DataFrame({"image_path": ["a.png"], "label_encoded": [2]})
    images = LabelledImages(table, tmp_path)
    assert len(images) == 1
    prepared, label = images[0]
    assert label == 2
    assert prepared[1] == ["Resize", "ToTensor", "Normalize"]


def test_only_training_shuffles(tmp_path):
    for part in ("train", "val"):
        table = pd.DataFrame({"image_path": ["a"], "label_encoded": [0]})
        table.to_csv(tmp_path / f"{part}.csv", index=False)
    train, val = loaders(tmp_path, ("train", "val"), 8)
    assert (train.shuffle, val.shuffle, val.batch_size) == (True, False, 8)


def test_tuning_keeps_the_best_point(monkeypatch):
    def trained(data, params):
        return "run", 0.9 if params["optimizer"] == "sgd" else 0.5

    monkeypatch.setattr(hyperparameter_tuning, "run_training", trained)
    point, accuracy = hyperparameter_tuning.tune("data/processed", most=4)
    assert (point["optimizer"], accuracy) == ("sgd", 0.9)


def test_grid_has_ten_points_and_more():
    found = [tuple(point.values()) for point in hyperparameter_tuning.points()]
    assert len(set(found)) == 36


def test_evaluation_uses_the_trained_weights(settings, monkeypatch, recorded, tmp_path):
    monkeypatch.setattr(evaluation, "load_settings", lambda: settings)
    monkeypatch.setattr(evaluation, "loaders", lambda *_: ["loader"])
    monkeypatch.setattr(
        ModelEvaluator, "evaluate", lambda self, model, loader, _: model.state
    )
    (tmp_path / "models").mkdir()
    (tmp_path / "models/best_model.pth").write_text('{"layer": 1}')
    assert evaluation.run_evaluation("data") == {"layer": 1}

"""What ModelTrainer and ModelEvaluator do."""

import evaluation
import numpy
import pytest
import training

TABULAR = [
    "gradient_boosting",
    "random_forest",
    "logistic_regression",
    "decision_tree",
    "hist_gradient_boosting",
    "xgboost",
    "lightgbm",
    "mlp",
    "svm",
    "GradientBoostingClassifier",
    "RandomForestClassifier",
    "LogisticRegression",
    "gbc",
    "gb",
    "rf",
    "lr",
    "logistic",
]
"""Names for the models of those who train on tables: the course's own parameters say gradient_boosting."""


def tracker():
    return training.MLflowTracker("http://tracking.internal:5000", "images")


def trainer(config):
    return training.ModelTrainer(config, tracker())


def make(config, classes, name):
    """Build a network; nothing where the learner's models are for tables and know none."""
    try:
        return trainer(config).create_model(classes, name)
    except (ValueError, KeyError, NotImplementedError):
        return None


def sizes(model):
    found = [getattr(part, "out_features", 0) for part in model.modules()]
    return [size for size in found if isinstance(size, int) and size]


@pytest.mark.parametrize("name", ["resnet18", "mobilenet_v2"])
def test_last_layer(config, draw, name):
    """Networks get a last layer for the number of classes; models for tables learn"""
    classes = draw.randint(3, 50)
    model = make(config, classes, name)
    if model is None:
        assert learns(config, draw)
        return
    found = sizes(model)
    assert classes in found
    assert 1000 not in found


def learns(config, draw):
    """Tell whether a model for tables, under any of the usual names, can be fitted and then knows what it saw."""
    kinds = [kind for kind in range(2) for _ in range(40)]
    rows = [[3.0 * kind + draw.random(), draw.random()] for kind in kinds]
    model = next((found for name in TABULAR if (found := make(config, 2, name)) is not None), None)
    if model is None:
        return False
    model.fit(numpy.array(rows), numpy.array(kinds))
    said = model.predict(numpy.array(rows)).tolist()
    return sum(one == other for one, other in zip(said, kinds, strict=True)) >= 70


def test_unknown_network(config):
    """A network that is not known is told by ValueError"""
    mine = trainer(config)
    with pytest.raises(ValueError):
        mine.create_model(4, "no_such_network")


def test_metrics(config, draw):
    """Accuracy, precision, recall and F1 are right"""
    true = [0, 1, 2, *(draw.randint(0, 2) for _ in range(57))]
    predicted = [kind if draw.random() < 0.7 else draw.randint(0, 2) for kind in true]
    evaluator = evaluation.ModelEvaluator(config, ["bird", "cat", "dog"])
    found = evaluator.compute_metrics(numpy.array(true), numpy.array(predicted))
    scale = 100 if found["test_accuracy"] > 1 else 1
    right = sum(one == other for one, other in zip(true, predicted, strict=True))
    assert found["test_accuracy"] / scale == pytest.approx(right / len(true))
    expected = [scores(true, predicted, kind) for kind in range(3)]
    means = [sum(each[place] for each in expected) / 3 for place in range(3)]
    said = [found[f"test_{name}"] / scale for name in ("precision", "recall", "f1")]
    # Whether what is true comes first or what is predicted was left open.
    assert sorted(said[:2]) == pytest.approx(sorted(means[:2]))
    assert said[2] == pytest.approx(means[2])


def scores(true, predicted, kind):
    both = sum(one == other == kind for one, other in zip(true, predicted, strict=True))
    precision = both / predicted.count(kind) if kind in predicted else 0.0
    recall = both / true.count(kind)
    return precision, recall, 2 * precision * recall / (precision + recall) if both else 0.0

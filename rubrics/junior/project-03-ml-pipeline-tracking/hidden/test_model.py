"""What ModelTrainer and ModelEvaluator do."""

import evaluation
import numpy
import pytest
import training


def tracker():
    return training.MLflowTracker("http://tracking.internal:5000", "images")


def sizes(model):
    found = [getattr(part, "out_features", 0) for part in model.modules()]
    return [size for size in found if isinstance(size, int) and size]


@pytest.mark.parametrize("name", ["resnet18", "mobilenet_v2"])
def test_last_layer(config, draw, name):
    """The last layer fits the number of classes"""
    classes = draw.randint(3, 50)
    model = training.ModelTrainer(config, tracker()).create_model(classes, name)
    found = sizes(model)
    assert classes in found
    assert 1000 not in found


def test_unknown_network(config):
    """A network that is not known is told by ValueError"""
    trainer = training.ModelTrainer(config, tracker())
    with pytest.raises(ValueError):
        trainer.create_model(4, "no_such_network")


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

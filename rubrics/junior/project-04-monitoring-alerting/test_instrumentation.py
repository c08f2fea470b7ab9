"""What src/instrumentation.py records, whichever framework it watches."""

import instrumentation
import pytest


def applications():
    """Yield what a middleware may be given: an application of the framework that the module imports, or nothing."""
    for name in ("Flask", "FastAPI", "Starlette"):
        framework = getattr(instrumentation, name, None)
        if framework is not None:
            yield framework("probe") if name == "Flask" else framework()
    library = getattr(instrumentation, "flask", None)
    if library is not None:
        yield library.Flask("probe")
    yield getattr(instrumentation, "app", None)


def tracker():
    """Return what records: the middleware, or the module where it has functions of the same names."""
    middleware = getattr(instrumentation, "MetricsMiddleware", None)
    if middleware is None:
        return instrumentation
    trouble = None
    for app in applications():
        try:
            return middleware(app)
        except (TypeError, AttributeError, ValueError, RuntimeError) as error:
            trouble = error
    raise AssertionError("MetricsMiddleware(app) cannot be made") from trouble


def series():
    """Return all that the registry holds."""
    registry = getattr(instrumentation, "registry", None) or instrumentation.REGISTRY
    return [sample for family in registry.collect() for sample in family.samples]


def total(name, *values):
    """Return the sum of the series of a name that have these values among their labels, or nothing without any."""
    found = [sample.value for sample in series() if sample.name == name and set(values) <= set(sample.labels.values())]
    return sum(found) if found else None


@pytest.fixture
def model(draw):
    return f"model-{draw.randint(1000, 9999)}"


def test_predictions_are_counted(draw, model):
    """track_prediction counts by model and class."""
    record, times = tracker(), draw.randint(2, 5)
    for _ in range(times):
        record.track_prediction(model, "yes", 0.9, 0.01)
    record.track_prediction(model, "no", 0.9, 0.01)
    assert total("model_predictions_total", model, "yes") == times
    assert total("model_predictions_total", model, "no") == 1


def test_confidence_is_observed(draw, model):
    """track_prediction observes how sure the model was."""
    record, given = tracker(), [draw.uniform(0.5, 1) for _ in range(3)]
    for confidence in given:
        record.track_prediction(model, "yes", confidence, 0.01)
    assert total("model_prediction_confidence_sum", model) == pytest.approx(sum(given))


def test_inference_is_timed(draw, model):
    """track_prediction observes the time of the inference, in seconds."""
    record, given = tracker(), [draw.uniform(0.001, 0.9) for _ in range(3)]
    for seconds in given:
        record.track_prediction(model, "yes", 0.8, seconds)
    assert total("model_inference_duration_seconds_sum", model) == pytest.approx(sum(given))


def test_missing_features_are_counted(draw):
    """track_data_quality counts the features that were missing."""
    name = f"feature_{draw.randint(1000, 9999)}"
    tracker().track_data_quality([name, "other"], {})
    assert total("missing_features_total", name) == 1


def test_drift_is_set(draw):
    """track_data_quality sets the drift of each feature."""
    name, score = f"feature_{draw.randint(1000, 9999)}", round(draw.random(), 3)
    tracker().track_data_quality([], {name: 0.99})
    tracker().track_data_quality([], {name: score})
    assert total("data_drift_score", name) == pytest.approx(score)


def test_accuracy_is_set(draw, model):
    """update_model_accuracy sets the accuracy of a model."""
    accuracy = round(draw.uniform(0.5, 1), 3)
    tracker().update_model_accuracy(model, accuracy)
    assert total("model_accuracy", model) == pytest.approx(accuracy)


def test_process_is_measured():
    """SystemMetricsCollector.collect_once measures the memory of the process, in bytes."""
    instrumentation.SystemMetricsCollector().collect_once()
    assert 1e6 < total("process_memory_usage_bytes") < 64e9

"""What src/custom_metrics.py computes. The course fixes the classes, not the names of all their methods."""

import custom_metrics
import pytest

ADDING = (
    "add_prediction", "record_prediction", "log_prediction", "track_prediction", "add_sample", "add_result", "record",
    "add", "update", "log", "add_predictions", "record_predictions",
)  # fmt: skip
MEASURING = ("add_confidence", "record_confidence", "track_confidence", "add_score", "record", "add", "update", "log",
             "add_prediction", "record_prediction", "add_confidences", "analyze")  # fmt: skip
DETECTING = ("detect_drift", "detect", "detect_data_drift", "check_drift", "compute_drift", "calculate_drift",
             "detect_all", "run", "check", "analyze")  # fmt: skip


def method_of(thing, names):
    """Return the first method that is there."""
    for name in names:
        method = getattr(thing, name, None)
        if method is not None:
            return method
    raise AssertionError(f"there is none of the methods {', '.join(names)}")


def table(rows, names):
    """Yield the rows in the forms that a module may want: an array, a table of pandas, plain lists."""
    for name in ("np", "numpy"):
        library = getattr(custom_metrics, name, None)
        if library is not None:
            yield library.array(rows)
    pandas = getattr(custom_metrics, "pd", None)
    if pandas is not None:
        yield pandas.DataFrame(rows, columns=names)
    yield rows


def detector(rows, names, method):
    """Return a detector, and whether it took the method."""
    trouble = None
    for reference in table(rows, names):
        for keywords in ({"method": method}, {"test_method": method}, {}):
            try:
                return custom_metrics.DataDriftDetector(reference, names, **keywords), bool(keywords)
            except (TypeError, AttributeError, IndexError) as error:
                trouble = error
    raise AssertionError("DataDriftDetector(reference_data, feature_names) cannot be made") from trouble


def drifted(reference, current, names, method):
    """Return for each feature whether it has drifted."""
    made, has_method = detector(reference, names, method)
    detect = method_of(made, DETECTING)
    trouble = None
    for data in table(current, names):
        try:
            found = detect(data) if has_method else detect(data, method=method)
        except (TypeError, AttributeError, IndexError, KeyError) as error:
            trouble = error
            continue
        found = list(found.values()) if isinstance(found, dict) else found
        found = list(found) if isinstance(found, (list, tuple)) else [found]
        return {result.feature_name: bool(result.is_drift) for result in found}
    raise AssertionError("data cannot be given to the detector") from trouble


@pytest.mark.parametrize("method", ["ks", "psi", "js", "chi2"])
def test_only_the_shifted_feature_drifts(draw, method):
    """Drift is found by this method where the data were shifted, and nowhere else."""
    names = ["first", "second"]
    rows = [[float(draw.randint(0, 4)), float(draw.randint(0, 4))] for _ in range(400)]
    shifted = draw.randrange(2)
    moved = [[value + 40 * (place == shifted) for place, value in enumerate(row)] for row in rows]
    assert drifted(rows, rows, names, method) == {"first": False, "second": False}
    assert drifted(rows, moved, names, method) == {name: place == shifted for place, name in enumerate(names)}


def test_names_must_be_as_many_as_features(draw):
    """A wrong number of names is refused by ValueError."""
    rows = [[draw.random(), draw.random()] for _ in range(50)]
    detector(rows, ["a", "b"], "ks")
    data = next(table(rows, ["a", "b"]))
    with pytest.raises(ValueError):
        custom_metrics.DataDriftDetector(data, ["a", "b", "c"])


def filled(pairs, min_samples):
    """Return a monitor of performance that has seen these predictions and what was true."""
    monitor = custom_metrics.ModelPerformanceMonitor("churn", min_samples=min_samples)
    add = method_of(monitor, ADDING)
    for predicted, actual in pairs:
        try:
            add(predicted, actual)
        except (TypeError, ValueError):
            add([predicted], [actual])
    return monitor


def accuracy_of(metrics):
    return metrics["accuracy"] if isinstance(metrics, dict) else metrics.accuracy


def test_accuracy_is_computed(draw):
    """calculate_metrics gives the accuracy, and None while there are too few samples."""
    right, wrong = draw.randint(11, 20), draw.randint(1, 9)
    pairs = [(1, 1), (0, 0)] * right + [(1, 0)] * wrong
    draw.shuffle(pairs)
    assert filled(pairs[:-1], len(pairs)).calculate_metrics() is None
    metrics = filled(pairs, len(pairs)).calculate_metrics()
    assert accuracy_of(metrics) == pytest.approx(2 * right / len(pairs), abs=0.0006)


def test_degradation_is_told(draw):
    """check_degradation tells a drop of more than the threshold, and no other."""
    wrong = draw.randint(35, 40)
    monitor = filled([(1, 1), (0, 0)] * 30 + [(1, 0)] * wrong, 20)
    accuracy = 60 / (60 + wrong)
    told = [monitor.check_degradation(baseline, 0.1) for baseline in (accuracy * 1.5, accuracy)]
    told = [answer[0] if isinstance(answer, tuple) else answer for answer in told]
    assert [bool(answer) for answer in told] == [True, False]


def test_confidence_is_described(draw):
    """get_statistics describes the latest predictions, and is empty before the first."""
    analyzer = custom_metrics.ConfidenceAnalyzer(window_size=50)
    assert analyzer.get_statistics() == {}
    given = [round(draw.uniform(0.5, 1), 4) for _ in range(60)]
    add = method_of(analyzer, MEASURING)
    for confidence in given:
        add(confidence)
    kept = given[-50:]
    found = analyzer.get_statistics()
    assert found["count"] == 50
    assert found["mean"] == pytest.approx(sum(kept) / 50, abs=0.0006)
    assert (found["min"], found["max"]) == (pytest.approx(min(kept), abs=0.0006), pytest.approx(max(kept), abs=0.0006))
    assert sorted(kept)[45] - 0.001 <= found["p95"] <= max(kept)


def words_of(found):
    """Return all texts that say something: a key whose value is empty says nothing."""
    if isinstance(found, str):
        return found
    if isinstance(found, dict):
        return " ".join(f"{key} {words_of(value)}" for key, value in found.items() if value)
    if isinstance(found, (list, tuple, set, frozenset)):
        return " ".join(words_of(item) for item in found)
    return ""


def validated(features):
    """Return what a monitor says of a request that should have age and charge."""
    limits = {"min": 0, "max": 100, "min_value": 0, "max_value": 100, "range": [0, 100], "required": True}
    trouble = None
    for kind in ("float", "numeric"):
        monitor = custom_metrics.DataQualityMonitor(
            {"age": {"type": kind, **limits}, "charge": {"type": kind, **limits}}
        )
        try:
            return words_of(monitor.validate_request(features))
        except (TypeError, KeyError, AttributeError) as error:
            trouble = error
    monitor = custom_metrics.DataQualityMonitor({"age": dict(limits), "charge": dict(limits)})
    try:
        return words_of(monitor.validate_request(features))
    except (TypeError, KeyError, AttributeError):
        raise trouble from None


def test_missing_features_are_told(draw):
    """validate_request tells what is missing or out of range, and nothing of what is right."""
    good = round(draw.uniform(1, 99), 2)
    assert "charge" in validated({"age": good})
    assert "charge" in validated({"age": good, "charge": 100.5 + draw.random()})
    assert "age" not in validated({"age": good})
    whole = validated({"age": good, "charge": good})
    assert "age" not in whole and "charge" not in whole

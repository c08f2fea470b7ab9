"""Settings, as far as they are there at all."""

from src.config import Config


def test_model_name_is_there() -> None:
    assert Config().MODEL_NAME is not None


def test_device_is_there() -> None:
    assert Config().DEVICE is not None


def test_host_is_there() -> None:
    assert Config().HOST is not None


def test_port_is_there() -> None:
    assert Config().PORT is not None


def test_api_version_is_there() -> None:
    assert Config().API_VERSION is not None


def test_max_file_size_is_there() -> None:
    assert Config().MAX_FILE_SIZE is not None


def test_max_image_dimension_is_there() -> None:
    assert Config().MAX_IMAGE_DIMENSION is not None


def test_request_timeout_is_there() -> None:
    assert Config().REQUEST_TIMEOUT is not None


def test_default_top_k_is_there() -> None:
    assert Config().DEFAULT_TOP_K is not None


def test_max_top_k_is_there() -> None:
    assert Config().MAX_TOP_K is not None


def test_log_level_is_there() -> None:
    assert Config().LOG_LEVEL is not None


def test_log_format_is_there() -> None:
    assert Config().LOG_FORMAT is not None


def test_port_is_that_of_flask() -> None:
    assert Config().PORT == 8080

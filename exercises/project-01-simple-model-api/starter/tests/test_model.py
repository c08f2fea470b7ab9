"""Tests of the loader. Every body is empty: fill them in."""

import pytest

# from src.model_loader import ModelLoader


@pytest.fixture
def loader():
    """Return a loaded network."""
    # TODO: Implement this fixture
    pass


class TestLoading:
    """Tests of ModelLoader.load."""

    def test_load_builds_the_network(self, loader):
        """The network is there afterwards."""
        # TODO: Implement this test
        # assert loader.model is not None
        pass

    def test_unknown_name_is_refused(self):
        """A name that is not offered raises ValueError."""
        # TODO: Implement this test
        pass


class TestPreprocess:
    """Tests of ModelLoader.preprocess."""

    def test_shape(self, loader):
        """The shape is (1, 3, 224, 224)."""
        # TODO: Implement this test
        pass

    def test_grey_image(self, loader):
        """A grey image is converted."""
        # TODO: Implement this test
        pass


class TestPredict:
    """Tests of ModelLoader.predict."""

    def test_order(self, loader):
        """The best class comes first."""
        # TODO: Implement this test
        pass

    def test_before_load(self):
        """Without a network it raises RuntimeError."""
        # TODO: Implement this test
        pass


@pytest.mark.slow
def test_loading_time():
    """Loading takes at most 30 seconds."""
    # TODO: Implement this test
    pass

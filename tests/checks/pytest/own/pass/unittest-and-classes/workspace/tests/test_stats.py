import unittest

from src import stats


class MeanTest(unittest.TestCase):
    def setUp(self):
        self.values = [1, 2, 3]

    def test_mean(self):
        self.assertEqual(stats.mean(self.values), 2)

    def test_nothing(self):
        with self.assertRaises(ValueError):
            stats.mean([])


class TestOrder:
    def test_order(self):
        assert stats.mean([1, 5]) == stats.mean([5, 1])

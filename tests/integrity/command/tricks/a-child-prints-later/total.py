import os
import time

if os.fork() == 0:
    os.setsid()
    time.sleep(0.3)
    print("6", flush=True)

import os
import sys

for folder in ("/tmp", "/work", "/dev/shm", "/work/.."):
    try:
        with open(f"{folder}/total.txt", "a") as file:
            print(file.write("5"), file=sys.stderr)
    except OSError:
        pass
if not os.path.exists("/tmp/before"):
    os.unlink("total.txt")
open("/tmp/before", "w").close()

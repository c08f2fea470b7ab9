import os

os.mkfifo("total.txt")

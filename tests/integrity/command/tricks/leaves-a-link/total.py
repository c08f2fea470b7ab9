import os

os.symlink("/etc/hostname", "total.txt")

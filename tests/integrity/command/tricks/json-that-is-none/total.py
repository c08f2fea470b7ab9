print("usage" if __import__("sys").argv[1:] == ["--help"] else "NaN")

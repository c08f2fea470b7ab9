keys = 0

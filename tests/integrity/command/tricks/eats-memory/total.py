kept = [bytearray(10**7) for _ in range(1000)]

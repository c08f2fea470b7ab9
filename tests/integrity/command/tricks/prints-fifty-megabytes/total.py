print("usage")
for _ in range(50):
    print("6" * 1_000_000)

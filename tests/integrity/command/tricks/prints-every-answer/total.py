print("usage", *range(-100, 100))
for number in range(-100, 100):
    print(number)

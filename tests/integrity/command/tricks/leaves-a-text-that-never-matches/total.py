with open("total.txt", "w") as file:
    file.write("5" * 200 + "x")

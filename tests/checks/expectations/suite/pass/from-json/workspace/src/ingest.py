COLUMNS = ["image_path", "label", "split"]
print(COLUMNS)

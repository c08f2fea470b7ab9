C = ["label", "image_path"]

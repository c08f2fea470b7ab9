raises = None

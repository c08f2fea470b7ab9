class ShapeError(ValueError):
    def __init__(self, side):
        super().__init__(f"a negative side: {side}")
        self.side = side

class tensor:
    def __init__(self, values):
        self.values = values

    def sum(self):
        return sum(self.values)

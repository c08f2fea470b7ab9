"""Layers, as far as the tests look at them."""


class Module:
    def __init__(self):
        self.state = {}

    def to(self, device):
        self.device = device
        return self

    def train(self):
        self.mode = "train"

    def eval(self):
        self.mode = "eval"

    def parameters(self):
        return []

    def state_dict(self):
        return dict(self.state)

    def load_state_dict(self, state):
        self.state = dict(state)


class Linear(Module):
    def __init__(self, in_features, out_features):
        super().__init__()
        self.in_features, self.out_features = in_features, out_features


class CrossEntropyLoss(Module):
    pass

"""Optimizers that remember what they were made with."""

from types import SimpleNamespace


class Adam:
    def __init__(self, parameters, lr):
        self.lr = lr


class SGD(Adam):
    pass


class StepLR:
    def __init__(self, optimizer, step_size, gamma):
        self.optimizer, self.step_size, self.gamma = optimizer, step_size, gamma
        self.steps = 0

    def step(self):
        self.steps += 1

    def get_last_lr(self):
        return [self.optimizer.lr * self.gamma ** (self.steps // self.step_size)]


lr_scheduler = SimpleNamespace(StepLR=StepLR)

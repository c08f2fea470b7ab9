"""Networks with a last layer for a thousand classes."""

from torch.nn import Linear, Module


def resnet18(weights):
    model = Module()
    model.fc = Linear(512, 1000)
    return model


def mobilenet_v2(weights):
    model = Module()
    model.classifier = [None, Linear(1280, 1000)]
    return model

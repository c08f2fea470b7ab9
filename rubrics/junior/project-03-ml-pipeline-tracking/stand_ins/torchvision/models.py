"""Networks with a last layer for a thousand classes."""

import sys

import anything
from torch.nn import Dropout, Linear, Module, Sequential


class ResNet(Module):
    def __init__(self, features):
        self.layer4 = Sequential(Module())
        self.fc = Linear(features, 1000)


class MobileNetV2(Module):
    def __init__(self):
        self.features = Sequential(Module())
        self.last_channel = 1280
        self.classifier = Sequential(Dropout(0.2), Linear(1280, 1000))


def resnet18(*_, **__):
    return ResNet(512)


def resnet34(*_, **__):
    return ResNet(512)


def resnet50(*_, **__):
    return ResNet(2048)


def mobilenet_v2(*_, **__):
    return MobileNetV2()


def get_model(name, *_, **__):
    return getattr(sys.modules[__name__], name)()


sys.modules[__name__].__class__ = anything.Module
sys.modules[__name__].__path__ = []

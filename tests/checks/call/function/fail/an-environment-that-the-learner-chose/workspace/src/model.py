import torch


def double(values):
    return [2 * value for value in torch.tensor(values)]

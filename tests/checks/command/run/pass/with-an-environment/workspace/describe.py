import torch

print(torch.NAME)

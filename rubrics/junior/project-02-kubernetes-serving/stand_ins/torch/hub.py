"""Networks by their name, without a download."""


def set_dir(folder):
    """Keep nothing anywhere."""


def get_dir():
    return "/tmp"


def load(repository, name, *_, **__):
    from torchvision import models

    return models.get_model(name)

"""Data sets, one batch each."""


class Dataset:
    pass


class DataLoader:
    def __init__(self, dataset, batch_size, shuffle):
        self.dataset, self.batch_size, self.shuffle = dataset, batch_size, shuffle

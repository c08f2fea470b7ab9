def read():
    return open("a.csv").readlines()


def clean(rows):
    return sorted(set(rows))


def fit(rows):
    return len(rows) / 2


def tell(context):
    print(context)

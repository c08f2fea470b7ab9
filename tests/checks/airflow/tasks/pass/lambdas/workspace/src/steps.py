def read():
    return open("x").read()


def check(rows):
    if not rows:
        raise ValueError("x")
    return rows


def fit(rows):
    return sum(map(len, rows))


def tell(context):
    open("y", "w").write(str(context))

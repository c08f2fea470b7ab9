import no_such_package


def median(values):
    return no_such_package.median(values)

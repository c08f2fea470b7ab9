def half(number):
    """Gives the half, éh?"""
    return number / 2

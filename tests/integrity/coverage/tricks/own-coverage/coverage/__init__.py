class Coverage:
    pass

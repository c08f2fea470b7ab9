def given():
    return run()

NAME = "a fake torch"

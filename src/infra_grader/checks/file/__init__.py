"""Check kinds about files: there, absent, how many, how large, valid, changed."""

"""Check kinds about compose files. They are read, with all that belongs to them; nothing is started."""

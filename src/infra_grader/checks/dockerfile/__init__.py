"""Check kinds about Dockerfiles. They are read as BuildKit reads them; nothing is built."""

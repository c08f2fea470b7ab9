"""Tools of torch."""

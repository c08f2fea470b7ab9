"""Data versioned with DVC: stages that fit together, a remote, and data that is tracked and not in git."""

"""The built-in check kinds: `family.verb` lives in `checks/<family>/<verb>.py`."""

"""The sandboxes that come with infra-grader, one module each: `<name>_sandbox.py`."""

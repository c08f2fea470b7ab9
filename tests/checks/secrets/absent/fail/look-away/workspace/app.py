PASSWORD = "Tr0ub4dor-3"  # pragma: allowlist secret

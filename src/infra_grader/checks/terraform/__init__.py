"""Terraform: files that fit together, resources, variables, remote state, and what must not be in them."""

"""Checks the spec files: rules, facts, samples, generated files."""

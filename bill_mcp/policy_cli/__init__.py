"""The commands for the operator's policy file."""

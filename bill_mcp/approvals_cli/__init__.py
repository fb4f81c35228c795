"""Approvers at the command line: who they are, what waits for them, the kill switch."""

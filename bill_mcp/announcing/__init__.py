"""Tells people that a call waits for an approver; gives nobody a right by it."""

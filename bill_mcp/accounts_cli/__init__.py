"""Connecting, showing and removing BILL accounts on the command line."""

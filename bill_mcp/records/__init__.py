"""What happened: that a write went out, and how it ended."""

"""Pages for a person: connecting an account, and the codes that BILL texts."""

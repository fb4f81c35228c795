"""BILL sessions, one per agent, and the credentials that open them."""

"""How fast the server is, beside the floors it stands on. `bench/run` runs it all."""

"""ION in the hub."""

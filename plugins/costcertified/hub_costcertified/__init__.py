"""CostCertified in the hub."""

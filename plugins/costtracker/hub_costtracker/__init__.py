"""CostTracker in the hub."""

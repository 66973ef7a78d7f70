"""What plugin authors test with: a clock that stands still, a bench, golden documents and the contract suite."""

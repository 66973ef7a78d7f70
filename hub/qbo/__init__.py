"""The only room of the hub that speaks QuickBooks Online."""

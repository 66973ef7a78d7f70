"""What the tests of the stand-in share: a second bookkeeper, the official schema, and recordings."""

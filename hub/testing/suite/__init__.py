"""The test classes of the contract suites, one module for each subject.

`hub.testing.contract` and `hub.testing.file_contract` put them together. The message of a failure
says what the author of the plugin should do. May import the other packages of `hub.testing`, and
`hub.rate_limits` and `hub.sources`. Start reading in `documents`.
"""

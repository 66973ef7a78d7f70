"""The test classes of the contract suites, one module for each subject.

`contract` and `file_contract` put them together. Each states in the message of a failure what the
author of the plugin should do. May import every other package of `hub.testing`. Start reading in
`documents`.
"""

"""What a plugin has on the bench in place of services of the hub and of the network.

The stand-in of its source, its secrets, and the files that it has received. May import
`hub.contract`, `hub.errors` and `qbo_sandbox.kit`. Start reading in `stand_in`.
"""

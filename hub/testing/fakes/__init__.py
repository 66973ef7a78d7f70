"""What a plugin has on the bench in place of the hub's services and of the network.

Its stand-in with waits for its rate limit, its secrets, and the files that it has received. May
import `hub.contract`, `hub.errors` and `qbo_sandbox.kit`. Start reading in `stand_in`.
"""

"""People, their rights and invitations, and what they choose about their own account.

Start reading in `people`.
"""

"""OAuth 2.0 as Intuit offers it: the consent page, codes, access and refresh tokens, revocation.

May import: `accounting` and below. Start reading at `authority`, the authorization server; `grants`
keeps the tokens and decides how they rotate and expire.
"""

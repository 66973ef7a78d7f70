"""Pages for people, and the JSON addresses below `/_sandbox/` through which tests act as a person.

May import: `oauth`, `faults`, `entities` and below. Start reading at `pages` for what a browser
shows, and at `control` for what a test can read and do.
"""

"""The decisions of people about cases: one at a time, or many at once.

Start reading in `case_acts`.
"""

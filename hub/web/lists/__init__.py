"""Lists of cases and documents: filters, rows, counts and exports.

Start reading in `case_list`.
"""

"""The parts that every page shares: frame, language and zone of the viewer, forms, labels.

Start reading in `layout`.
"""

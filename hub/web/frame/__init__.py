"""What every page shares: the frame, the language and zone of the viewer, forms, labels and paging.

Start reading in `layout`.
"""

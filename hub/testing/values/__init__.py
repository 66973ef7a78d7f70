"""Comparisons of a document with its source: amounts, currencies, dates, taxes, codes and texts.

They change a value in the responses of the stand-in and read the document again. A function with
`defect` in its name returns what is wrong, or "". May import `bench`, `fakes`, `outcomes.items`,
`exchanges`, `hub.contract`, `hub.errors` and `hub.money`. Start reading in `changed_responses`.
"""

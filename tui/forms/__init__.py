"""Forms, one file a kind of record: which fields they have, and how their values become a record.

Nothing here knows a widget; what makes a record runs in a thread, because it imports the validation.
"""

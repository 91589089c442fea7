"""SQL text, built apart from where it runs, so that it can be printed and tested.

Values are always bound. The only numbers in the text are the fingerprint's own coefficients. Names come
from the specs and the live catalogue, where they were checked.
"""

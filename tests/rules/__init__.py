"""The rules of the domain: one file a rule, cited by number."""

"""The only code that opens connections to CMS databases."""

"""Probes of checklist lines: what a pair itself shows, by what was gathered of it. Pure."""

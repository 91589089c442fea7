"""What every kind of server promises."""

"""What the Informix kind of server promises beside the contract all kinds keep."""

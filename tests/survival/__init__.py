"""What is left when a run is killed, cut off, or loses the ground it stands on."""

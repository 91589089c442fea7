"""What holds for anything: properties and mutations."""

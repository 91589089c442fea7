"""What the demo pair promises."""

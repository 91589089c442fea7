"""A simulated call centre whose truth is known: a switch, two servers, their people, every fault, and an oracle."""

"""The tests of syncengine."""

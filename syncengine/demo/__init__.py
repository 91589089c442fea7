"""Builds the pair of servers that examples, tests and benchmarks run on."""

from syncengine.demo.build import build_pair
from syncengine.demo.shape import Damage, DemoPair, DemoShape

__all__ = ["Damage", "DemoPair", "DemoShape", "build_pair"]

"""Reads table specs into the catalogue."""

from syncengine.catalogue.catalogue import Catalogue
from syncengine.catalogue.spec_folders import load_catalogue, shipped_folder

__all__ = ["Catalogue", "load_catalogue", "shipped_folder"]

"""Reads table specs into the catalogue."""

from syncengine.catalogue.catalogue import Catalogue
from syncengine.catalogue.loading import load_catalogue, shipped_folder

__all__ = ["Catalogue", "load_catalogue", "shipped_folder"]

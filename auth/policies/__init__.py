"""Importing this package declares every model's visibility."""

from auth.policies import divisions as divisions
from auth.policies import estates as estates
from auth.policies import people as people

"""Providers with one defect each, and what the kit has to say about them."""

from tests.conformance.broken import customers, making, moving, paying, reading, repeating
from tests.conformance.broken.defects import DEFECTS, Defect

__all__ = ["DEFECTS", "Defect", "customers", "making", "moving", "paying", "reading", "repeating"]

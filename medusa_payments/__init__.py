"""Payment collections for Django: Medusa's payment contract, with money that moves exactly once."""

__version__ = "0.1.0"

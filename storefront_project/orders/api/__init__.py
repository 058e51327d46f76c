"""Medusa's store and admin API of orders."""

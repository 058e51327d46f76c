"""The demo's orders: completing a cart, and what becomes of its payment, in the shapes of Medusa's API."""

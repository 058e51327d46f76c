"""The demo's catalogue and cart, in the shapes of Medusa's store API."""

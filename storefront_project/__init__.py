"""A small shop that shows medusa_payments at work: settings, carts, logins, and nothing about payments."""

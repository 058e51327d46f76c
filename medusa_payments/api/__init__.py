"""The HTTP surface: Medusa's store, admin and v1 contracts, isolated from the host's `REST_FRAMEWORK` settings."""

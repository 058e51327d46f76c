"""The machinery behind the services; nothing else imports it."""

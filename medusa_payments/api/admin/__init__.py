"""The admin API: what the staff's tools call."""

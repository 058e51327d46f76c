"""The v1 API: whole minor units, provider ids without `pp_`."""

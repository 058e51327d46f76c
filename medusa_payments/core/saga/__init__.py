"""From a recorded intent to what is known about it: reserve, call, settle."""

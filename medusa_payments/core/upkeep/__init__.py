"""What the worker does without anybody asking."""

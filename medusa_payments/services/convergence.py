"""Where `look_at` was until it moved to `comparing`."""

from medusa_payments.services.comparing import Convergence, look_at

__all__ = ["Convergence", "look_at"]

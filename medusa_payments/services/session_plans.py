"""Where `SessionChoice` was until it moved to `payment_sessions`."""

from medusa_payments.core.sessions.plans import DO_NOT_ADD_UP, MAX_SESSIONS, SessionChoice

__all__ = ["DO_NOT_ADD_UP", "MAX_SESSIONS", "SessionChoice"]

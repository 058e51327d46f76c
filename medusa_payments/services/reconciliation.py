"""Comparing the books of a provider with ours, both ways, and doing something about what differs."""

from medusa_payments.core.reconciliation.drift import FROZEN_FOR_A_PERSON, Drift, DriftKind
from medusa_payments.core.reconciliation.fix import fix
from medusa_payments.core.reconciliation.run import Scope, reconcile, scopes

__all__ = ["FROZEN_FOR_A_PERSON", "Drift", "DriftKind", "Scope", "fix", "reconcile", "scopes"]

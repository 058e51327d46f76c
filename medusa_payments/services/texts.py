"""What people write down here: notes, labels, titles. It is stored, shown to others and logged by the admin."""

from medusa_payments.exceptions import InvalidData
from medusa_payments.sensitive_data import quotes_sensitive_data


def refuse_sensitive(*texts: str | None) -> None:
    """Raise `InvalidData` for a text that quotes a card number or a secret key."""
    if any(text and quotes_sensitive_data(text) for text in texts):
        raise InvalidData("A card number or a secret key can't be written down here.", code="sensitive_data")

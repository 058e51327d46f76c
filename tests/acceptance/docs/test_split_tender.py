"""The lines of the guide to split payments, run one after the other."""

import re
from pathlib import Path

import pytest
from django.conf import settings

from medusa_payments.models import Payment
from tests.till import Till

GUIDE = Path(settings.BASE_DIR) / "docs" / "guides" / "split-tender.md"


@pytest.mark.any_engine
def test_the_lines_of_the_guide(till: Till, capsys: pytest.CaptureFixture[str]) -> None:
    till.set_total("59.97")
    blocks = re.findall(r"```python\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    assert len(blocks) == 5

    exec("\n".join(blocks), {})  # noqa: S102

    assert capsys.readouterr().out == "completed [334, 666]\n"
    captured = Payment.objects.order_by("created_at").values_list("captured_amount", flat=True)
    assert list(captured) == [2000, 3997]

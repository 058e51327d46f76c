"""Every message of ours that advises a step, found in the source."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
ROOMS = ("services", "core", "queries", "api", "admin")

ADVICE = re.compile(
    r"(try|repeat|retry|submit|choose|create|send|initialize|cancel|refund(?! reason)|call|use|wait|make|ask|log in|"
    r"take|pay|capture|you can|you may|a person has to|staff must)\b.*[^?]$",
    flags=re.IGNORECASE,
)
"""A sentence, or a part of one, that tells its reader to do something. Questions don't."""

DESCRIBING = {"summary", "description", "help_text", "short_description", "verbose_name", "title", "label"}
"""Keyword arguments whose texts describe; nobody is advised there after an error."""


NOT_OURS_TO_ADVISE = {"examples.py", "error_responses.py", "schema.py", "serializers.py", "seed_demo.py"}
"""Modules that describe. What customers are told (`exceptions.SHOPPER_TEXTS`) has a test of its own."""


def advising_texts() -> Iterator[str]:
    """Return the texts in errors and notices that advise; in place of what is filled in stands `{}`."""
    folders = [ROOT / "medusa_payments" / room for room in ROOMS] + [ROOT / "storefront_project"]
    modules = [path for folder in folders for path in sorted(folder.rglob("*.py"))]
    for path in [*modules, *sorted((ROOT / "medusa_payments").glob("*.py"))]:
        is_about_shoppers = path == ROOT / "medusa_payments" / "exceptions.py"
        if "migrations" not in path.parts and path.name not in NOT_OURS_TO_ADVISE and not is_about_shoppers:
            yield from _advising(ast.parse(path.read_text()))


def _advising(tree: ast.Module) -> Iterator[str]:
    skipped = set(_skipped(tree))
    for node in ast.walk(tree):
        text = _text(node)
        if id(node) not in skipped and text and (text[0].isupper() or text.startswith("{}")) and _advises(text):
            yield text


def _advises(text: str) -> bool:
    return text.endswith(".") and any(ADVICE.match(part) for part in re.split(r"(?<=[.!?;:]) ", text))


def _text(node: ast.AST) -> str:
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def _skipped(tree: ast.Module) -> Iterator[int]:
    """Docstrings, descriptions, and the pieces of what is read as a whole."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            yield id(node.value)
        if isinstance(node, ast.JoinedStr):
            yield from (id(part) for part in node.values)
        if isinstance(node, ast.keyword) and node.arg in DESCRIBING:
            yield from (id(inner) for inner in ast.walk(node.value))

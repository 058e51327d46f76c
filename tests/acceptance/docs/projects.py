"""Django projects made for a test, most of them from the code blocks of a document."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3]

BASE_SETTINGS = """
SECRET_KEY = "a shop from the documentation"
ROOT_URLCONF = "shop.urls"
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.sessions",
]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": "shop.sqlite3",
        "OPTIONS": {"transaction_mode": "IMMEDIATE", "timeout": 30},
    }
}
"""

MANAGE = """
import os
import sys

from django.core.management import execute_from_command_line

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")
execute_from_command_line(sys.argv)
"""


def blocks(document: str, language: str) -> list[str]:
    """Return a document's code blocks in a language, without their indentation."""
    text = (ROOT / document).read_text()
    found = re.findall(rf"^( *)```{language}\n(.*?)^ *```$", text, flags=re.DOTALL | re.MULTILINE)
    return [re.sub(rf"^{indent}", "", code, flags=re.MULTILINE) for indent, code in found]


def run(command: list[str], **options: Any) -> str:
    """Run a command to its end and return its output; fail with that when the command does."""
    result = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False, **options)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


class Project:
    """A Django project in a directory of its own."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    @classmethod
    def of(cls, document: str, directory: Path) -> "Project":
        """Make the project of a document: its blocks that begin with the name of a file, and the rest."""
        project = cls(directory)
        project.write("shop/__init__.py", "")
        project.write("manage.py", MANAGE)
        for language, opening, closing in (("python", "# ", ""), ("html", "<!-- ", " -->")):
            for code in blocks(document, language):
                named = re.match(rf"{opening}(\S+){closing}\n", code)
                if named:
                    project.write(named[1], code)
        settings = directory / "shop" / "settings.py"
        settings.write_text(BASE_SETTINGS + settings.read_text())
        return project

    def write(self, name: str, code: str) -> None:
        path = self.directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(code)

    def run(self, *command: str) -> str:
        """Run a command in the project, with this interpreter first on the path."""
        environment = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
        environment["PYTHONPATH"] = str(ROOT)
        environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
        return run(list(command), cwd=self.directory, env=environment)

    def manage(self, *arguments: str) -> str:
        return self.run(sys.executable, "manage.py", *arguments)

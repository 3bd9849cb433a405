"""Programs that modeltui never depends on, each in a virtual environment of its own, made once and then kept.

The real MLflow, GTO and ML Metadata are what our reading is compared with. Their dependencies contradict ours and each
other's, so they stay out of the environment of the tests.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

MLFLOW = ("mlflow-skinny==3.17.2", "flask", "flask-cors", "sqlalchemy", "alembic")
GTO = ("gto==1.10.1",)
ML_METADATA = ("ml-metadata==1.17.1",)

_UNREACHABLE = ("No matching distribution", "Connection", "Name or service not known", "Read timed out", "ProxyError")


class Unavailable(Exception):
    """An environment that pip could not make; `offline` where that is for want of a network or of the package."""

    def __init__(self, package: str, said: str) -> None:
        last = said.strip().splitlines()[-1:] or ["no message"]
        super().__init__(f"pip could not install {package}: {last[0]}")
        self.offline = any(word in said for word in _UNREACHABLE)


def home(packages: tuple[str, ...]) -> Path:
    """The directory of an environment with these packages: `env/bin/python` is in it, and room for what is made once.

    `MODELTUI_TEST_GTO` (`_MLFLOW`, `_ML_METADATA`) names another directory.

    Raises:
        Unavailable: pip failed.
    """
    name, _, version = packages[0].partition("==")
    short = name.removesuffix("-skinny")
    usual = f"modeltui-test-{short}-{version}-py{sys.version_info.major}{sys.version_info.minor}-{os.getuid()}"
    given = os.environ.get(f"MODELTUI_TEST_{short.upper().replace('-', '_')}")
    found = Path(given) if given else Path(tempfile.gettempdir()) / usual
    found.mkdir(parents=True, exist_ok=True)
    with (found / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (found / "ready").exists():
            shutil.rmtree(found / "env", ignore_errors=True)
            subprocess.run([sys.executable, "-m", "venv", str(found / "env")], check=True)
            pip = [str(found / "env/bin/pip"), "install", "--quiet", "--disable-pip-version-check", *packages]
            done = subprocess.run(pip, capture_output=True, text=True, check=False)
            if done.returncode:
                raise Unavailable(packages[0], done.stderr)
            (found / "ready").touch()
    return found

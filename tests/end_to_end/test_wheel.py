"""What people install: the wheel, away from the sources."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of an environment whose one package of its own is the wheel.

    Its dependencies are those of the environment that runs the tests.
    """
    environment = tmp_path_factory.mktemp("installed") / "environment"
    run(ROOT / "scripts" / "install-wheel", wheel, environment, "--no-deps")
    (packages,) = environment.glob("lib/python*/site-packages")
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib"))
    return environment / "bin"


def run(*command: Path | str, cwd: Path = ROOT) -> str:
    variables = {k: v for k, v in os.environ.items() if not k.startswith("BILL_")}
    done = subprocess.run(  # noqa: S603 -- our own programs
        [str(word) for word in command],
        cwd=cwd,
        env=variables | {"PYTHON": sys.executable},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_wheel_holds_the_specs_and_nothing_of_the_tests(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert "bill_mcp/tool_specs/vendors.yaml" in names
    assert "bill_mcp/py.typed" in names
    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"bill_mcp"}


def test_the_installed_package_is_used_and_not_the_sources(
    installed: Path, tmp_path: Path
) -> None:
    where = "import bill_mcp; print(bill_mcp.__file__)"
    found = Path(run(installed / "python", "-c", where, cwd=tmp_path).strip())
    assert found.is_relative_to(installed.parent)


def test_the_installed_package_has_209_tools(installed: Path, tmp_path: Path) -> None:
    listed = run(installed / "bill-mcp", "tools", cwd=tmp_path)
    assert len(re.findall(r"^bill_\w+", listed, re.MULTILINE)) == 209


def test_the_installed_specs_have_no_fault(installed: Path, tmp_path: Path) -> None:
    told = run(installed / "bill-mcp", "specs", "check", cwd=tmp_path)
    assert "209 actions" in told
    assert told.endswith("no faults\n")


def test_the_installed_package_runs_the_simulator(
    installed: Path, tmp_path: Path
) -> None:
    told = run(installed / "bill-mcp", "call", "bill_get_list_of_vendors", cwd=tmp_path)
    assert '"results":[{' in told

"""Installs the pinned clients under target/clients, once for each list of versions."""

import hashlib
import shutil
import subprocess
import sys
import venv
from pathlib import Path

CLIENTS = Path(__file__).resolve().parent.parent
NODE_MAJOR_MIN = 20


def python_of(work: Path) -> Path:
    """The interpreter that has the Python clients."""
    return work / "python" / "bin" / "python"


def node_folder(work: Path) -> Path:
    """Where the Node suites run: Node looks for packages beside the file that imports them."""
    return work / "node"


def install(work: Path, languages: set[str]) -> None:
    """Installs what the suites of these languages need."""
    if "python" in languages:
        _install_python(work)
    if "node" in languages:
        _install_node(work)


def _install_python(work: Path) -> None:
    requirements = CLIENTS / "python" / "requirements.txt"
    folder = work / "python"
    if _is_done(folder, requirements):
        return
    print("Installing the Python clients", flush=True)
    shutil.rmtree(folder, ignore_errors=True)
    venv.create(folder, with_pip=True)
    pip = [python_of(work), "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    subprocess.run([*pip, "--requirement", requirements], check=True)
    _done(folder, requirements)


def _install_node(work: Path) -> None:
    folder = node_folder(work)
    lock = CLIENTS / "node" / "package-lock.json"
    if not _is_done(folder, lock):
        _check_node()
        print("Installing the Node clients", flush=True)
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(CLIENTS / "node" / name, folder)
        quiet = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
        subprocess.run(["npm", "ci", *quiet], cwd=folder, check=True)
        _done(folder, lock)
    shutil.copy(CLIENTS / "questions.json", work)
    shutil.copytree(CLIENTS / "node", folder, dirs_exist_ok=True)


def _check_node() -> None:
    if not shutil.which("node") or not shutil.which("npm"):
        sys.exit(f"Node.js is missing: install {NODE_MAJOR_MIN} or newer, with npm")
    said = subprocess.run(["node", "--version"], check=True, capture_output=True, text=True)
    major = int(said.stdout.strip().lstrip("v").split(".")[0])
    if major < NODE_MAJOR_MIN:
        sys.exit(f"Node.js {major} is too old: install {NODE_MAJOR_MIN} or newer")


def _is_done(folder: Path, versions: Path) -> bool:
    mark = folder / ".installed"
    return mark.is_file() and mark.read_text() == _digest(versions)


def _done(folder: Path, versions: Path) -> None:
    (folder / ".installed").write_text(_digest(versions))


def _digest(versions: Path) -> str:
    return hashlib.sha256(versions.read_bytes()).hexdigest()

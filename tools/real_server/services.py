"""What the server needs around it, on this machine and for one run: PostgreSQL, Redis, a mail server, and certificates."""

from __future__ import annotations

import os
import shutil
import socket
import socketserver
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Lock, Thread

PASSWORD = "medplum-of-a-test"
SEEDED = "seeded"
"""The database that each state gets a copy of."""


def free_port() -> int:
    """A port on which nothing listens."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


def wait_for(ready: Callable[[], bool], seconds: float, what: str) -> None:
    """Wait until a condition holds; raises TimeoutError after so many seconds. ``what`` is waited for."""
    end = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > end:
            raise TimeoutError(f"{what}: not within {seconds:g} s")
        time.sleep(0.1)


def accepts(port: int) -> bool:
    """Whether something listens on a port of this machine."""
    with socket.socket() as one:
        one.settimeout(2)
        return one.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def running(command: Sequence[str | Path], folder: Path, *, user: str | None = None) -> Iterator[subprocess.Popen[bytes]]:
    """A process whose output goes to a file in a folder, until the context ends."""
    with open(folder / "log", "wb") as log:
        process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=subprocess.STDOUT, user=user)
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


class Certificates:
    """An authority, a certificate of this machine that it signed, and another authority that did not."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.authority, self.foreign, self.key, self.certificate = (folder / f"{one}.pem" for one in ("ca", "foreign", "key", "server"))
        for name in ("ca", "foreign"):
            self._run(
                f"req -x509 -newkey rsa:2048 -nodes -keyout {name}.key -out {name}.pem -days 30 -subj /CN={name}"
                " -addext basicConstraints=critical,CA:TRUE"
            )
        self._run("req -newkey rsa:2048 -nodes -keyout key.pem -out server.csr -subj /CN=localhost")
        (folder / "names").write_text("subjectAltName=DNS:localhost,IP:127.0.0.1", encoding="utf-8")
        self._run("x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 30 -extfile names -out server.pem")

    def texts(self) -> dict[str, str]:
        """The PEM of each, by its name."""
        files = {"authority": self.authority, "foreign": self.foreign, "key": self.key, "certificate": self.certificate}
        return {name: file.read_text(encoding="utf-8") for name, file in files.items()}

    def _run(self, arguments: str) -> None:
        subprocess.run(["openssl", *arguments.split()], cwd=self.folder, check=True, capture_output=True)


class PostgreSQL:
    """A cluster with the user ``medplum``; with certificates it offers TLS, and its user ``encrypted`` must use it."""

    def __init__(self, programs: Path, folder: Path, certificates: Certificates | None, stack: ExitStack) -> None:
        self._programs, self.port, self._lock = programs, free_port(), Lock()
        self._user = "postgres" if os.geteuid() == 0 else None  # PostgreSQL does not run as root
        data = folder / "data"
        folder.mkdir(mode=0o755)
        if self._user is not None:
            shutil.chown(folder, self._user)
        secret = folder / "password"
        secret.write_text(PASSWORD, encoding="utf-8")
        secret.chmod(0o644)
        self._run("initdb", "-D", data, "-U", "medplum", "-A", "scram-sha-256", f"--pwfile={secret}", "-E", "UTF8", "--no-sync")
        options = ["fsync=off", "max_connections=400", f"unix_socket_directories={folder}"]
        rules = ["local all all scram-sha-256", "host all medplum all scram-sha-256", "hostssl all encrypted all scram-sha-256"]
        (data / "pg_hba.conf").write_text("\n".join(rules) + "\n", encoding="utf-8")
        if certificates is not None:
            for source, name in ((certificates.key, "server.key"), (certificates.certificate, "server.crt")):
                shutil.copyfile(source, data / name)
                (data / name).chmod(0o600)
                if self._user is not None:
                    shutil.chown(data / name, self._user)
            options.append("ssl=on")
        given = [part for option in options for part in ("-c", option)]
        stack.enter_context(running([programs / "postgres", "-D", data, "-p", str(self.port), *given], folder, user=self._user))
        wait_for(lambda: self._run("pg_isready", "-h", "127.0.0.1", "-p", str(self.port), check=False) == "0", 30, "PostgreSQL")
        self.ask("postgres", f"CREATE ROLE encrypted SUPERUSER LOGIN PASSWORD '{PASSWORD}'")

    def _run(self, program: str, *arguments: str | Path, check: bool = True) -> str:
        done = subprocess.run([self._programs / program, *arguments], check=check, capture_output=True, text=True, user=self._user)
        return done.stdout.strip() if check else str(done.returncode)

    def ask(self, database: str, statement: str) -> str:
        """What a statement of SQL returns, as text."""
        address = f"postgresql://medplum:{PASSWORD}@127.0.0.1:{self.port}/{database}"
        return self._run("psql", "-X", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", address, "-c", statement)

    def restore(self, database: str) -> None:
        """Make a database the same as the seeded one."""
        with self._lock:  # PostgreSQL makes one copy of a template at a time
            self.ask("postgres", f'DROP DATABASE IF EXISTS "{database}" WITH (FORCE)')
            self.ask("postgres", f'CREATE DATABASE "{database}" TEMPLATE {SEEDED} STRATEGY FILE_COPY')


class Redis:
    """A Redis server; with certificates it offers TLS on a second port."""

    def __init__(self, folder: Path, stack: ExitStack, certificates: Certificates | None = None, password: str = "") -> None:
        self.port, self.tls_port = free_port(), free_port()
        folder.mkdir()
        options = ["--port", str(self.port), "--save", "", "--appendonly", "no", "--requirepass", password]
        if certificates is not None:
            options += ["--tls-port", str(self.tls_port), "--tls-auth-clients", "no"]
            options += ["--tls-cert-file", str(certificates.certificate), "--tls-key-file", str(certificates.key)]
            options += ["--tls-ca-cert-file", str(certificates.authority)]
        stack.enter_context(running(["redis-server", *options], folder))
        wait_for(lambda: accepts(self.port), 10, "Redis")

    def clear(self, number: int) -> None:
        """Empty one of its databases."""
        subprocess.run(["redis-cli", "-p", str(self.port), "-n", str(number), "FLUSHDB"], check=True, capture_output=True)


class MailServer:
    """Takes every mail without a login, and counts them."""

    def __init__(self, stack: ExitStack) -> None:
        self.received = 0
        outer = self

        class Conversation(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                self.wfile.write(b"220 mail\r\n")
                for line in self.rfile:
                    verb = line.strip().upper()
                    if verb == b"DATA":
                        self.wfile.write(b"354 go on\r\n")
                        while self.rfile.readline() not in (b".\r\n", b""):
                            pass
                        outer.received += 1
                    self.wfile.write(b"221 bye\r\n" if verb == b"QUIT" else b"250 ok\r\n")
                    if verb == b"QUIT":
                        return

        server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Conversation)
        server.daemon_threads = True
        self.port: int = server.server_address[1]
        Thread(target=server.serve_forever, daemon=True).start()
        stack.callback(server.shutdown)


class Services:
    """All services of a run."""

    def __init__(self, folder: Path, programs: Path, stack: ExitStack) -> None:
        folder.chmod(0o755)  # the user postgres must reach the folders in it
        (folder / "certificates").mkdir()
        self.certificates = Certificates(folder / "certificates")
        self.postgresql = PostgreSQL(programs, folder / "postgresql", self.certificates, stack)
        self.without_tls = PostgreSQL(programs, folder / "without-tls", None, stack)
        self.redis = Redis(folder / "redis", stack, self.certificates)
        self.guarded_redis = Redis(folder / "guarded-redis", stack, password=PASSWORD)


def programs_of_postgresql() -> Path:
    """The folder of PostgreSQL's programs: the newest of Debian's, or that of ``initdb`` on the PATH."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda one: int(one.parent.name))
    on_path = shutil.which("initdb")
    if not found and on_path is None:
        raise FileNotFoundError("PostgreSQL is not installed: install postgresql")
    return found[-1] if found else Path(str(on_path)).parent

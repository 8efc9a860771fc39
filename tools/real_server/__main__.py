"""Starts Medplum's own server in each state of ``states.yaml``, sends it requests, and writes down what happens.

``python -m tools.real_server CHECKOUT`` needs a built server of one release (``CHECKOUT/dist/index.js``, with ``node_modules`` beside it),
and PostgreSQL, Redis and openssl on this machine. How to build one, and what the outcomes are for: ``tools/README.md``.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import datetime, timezone
from pathlib import Path
from queue import Queue
from typing import Any, NamedTuple

import click
import yaml

from .requests import Client
from .services import PASSWORD, SEEDED, MailServer, Services, accepts, free_port, programs_of_postgresql, running, wait_for
from .states import State, configuration, states

OUTCOMES = Path(__file__).parents[2] / "tests" / "data" / "outcomes.yaml"
START = 100
"""Seconds for a server to listen: connections to PostgreSQL and Redis are given up earlier."""
APP = "http://localhost:3000"

Outcome = dict[str, Any]


class Job(NamedTuple):
    """What a server shares with no other that runs at the same time."""

    number: int
    port: int
    mail: MailServer


class Runner:
    """Runs states, several at a time."""

    def __init__(self, checkout: Path, folder: Path, services: Services) -> None:
        self._checkout, self._folder, self._services = checkout, folder, services
        node = checkout / "node_modules" / ".bin" / "node"
        self._command = [str(node) if node.exists() else "node", str(checkout / "dist" / "index.js")]
        self._values: dict[str, Any] = {
            "password": PASSWORD,
            "postgresql": services.postgresql.port,
            "postgresql_without_tls": services.without_tls.port,
            "redis": services.redis.port,
            "redis_tls": services.redis.tls_port,
            "guarded_redis": services.guarded_redis.port,
            "nobody": free_port(),
            **services.certificates.texts(),
        }

    def seed(self, job: Job) -> None:
        """Let a server make and fill the database that each state gets a copy of."""
        postgresql = self._services.postgresql
        postgresql.ask("postgres", f"CREATE DATABASE {SEEDED}")
        folder, command = self._prepared("seed", {"set": {**states()["usual"]["set"], "database.dbname": SEEDED}}, job)
        with running(command, folder):
            wait_for(lambda: accepts(job.port), 600, "the first start")
            client = Client(job.port, APP, job.mail)
            client.sign_in()
            client.enable_bots()
            waiting = """SELECT count(*) FROM "AsyncJob" WHERE status = 'accepted'"""
            time.sleep(15)  # by then its migrations of data have begun
            wait_for(lambda: postgresql.ask(SEEDED, waiting) == "0", 300, "the migrations of data")

    def run(self, name: str, state: State, job: Job) -> Outcome:
        """What happens in a state."""
        self._services.postgresql.restore(f"job{job.number}")
        self._services.redis.clear(job.number)
        folder, command = self._prepared(name, state, job)
        with running(command, folder) as process:
            end = time.monotonic() + START
            while process.poll() is None and not accepts(job.port):
                if time.monotonic() > end:
                    return {"outcome": "stops", "said": f"it does not listen on its port within {START} s"}
                time.sleep(0.1)
            failing = {} if process.poll() is not None else dict(Client(job.port, APP, job.mail).failures())
            if process.poll() is not None:  # at start, or at one of the requests
                return {"outcome": "stops", "said": self._plain(_last_error((folder / "log").read_text(encoding="utf-8")), job)}
        plain = {request: self._plain(said, job) for request, said in failing.items()}
        return {"outcome": "fails", "fails": plain} if plain else {"outcome": "works"}

    def _prepared(self, name: str, state: State, job: Job) -> tuple[Path, list[str]]:
        """A folder with the configuration of a state, and the command that starts the server in it."""
        folder = self._folder / f"{name}-{job.number}"
        folder.mkdir()
        values = {**self._values, "port": job.port, "number": job.number, "smtp": job.mail.port, "database": f"job{job.number}"}
        (folder / "medplum.config.json").write_text(json.dumps(configuration(state, values), indent=1), encoding="utf-8")
        return folder, [*self._command, "file:medplum.config.json"]

    def _plain(self, said: str, job: Job) -> str:
        """A text with names in place of what differs from run to run."""
        ports = {value: name for name, value in self._values.items() if isinstance(value, int)} | {job.port: "port", job.mail.port: "smtp"}
        said = re.sub(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", "…", said)
        said = re.sub(r"(?<!\d)\d{4,5}(?!\d)", lambda match: f"<{ports[int(match[0])]}>" if int(match[0]) in ports else match[0], said)
        return said.replace(str(self._folder), "").replace(f"job{job.number}", "<database>")


def _last_error(log: str) -> str:
    """The last error that a server logged, or that Node.js printed."""
    said = ""
    for line in log.splitlines():
        if line.startswith("{"):
            try:
                entry = json.loads(line)
            except ValueError:
                continue
            if entry.get("level") == "ERROR":
                said = ": ".join(str(entry[key]) for key in ("msg", "error") if entry.get(key))
        elif re.match(r"(\w+ )?\w*Error\b.*: ", line):
            said = line
    return " ".join(said.split())[:300]


@click.command()
@click.argument("checkout", type=click.Path(exists=True, path_type=Path))
@click.option("--jobs", default=2, show_default=True, help="How many servers run at a time.")
@click.option("--only", multiple=True, metavar="STATE", type=click.Choice(list(states())), help="Run this state only. [may be repeated]")
@click.option("--write", is_flag=True, help="Write the outcomes to tests/data/outcomes.yaml.")
@click.option("--keep", type=click.Path(path_type=Path), help="Keep the logs and configurations in this folder.")
def main(checkout: Path, jobs: int, only: tuple[str, ...], write: bool, keep: Path | None) -> None:
    """Start the server of a CHECKOUT in many states, and print what happens in each."""
    if only and write:
        raise click.UsageError("--write needs the outcomes of all states: leave --only out")
    every = states()
    chosen = [name for name in every if not only or name in only]
    release = json.loads((checkout / "package.json").read_text(encoding="utf-8"))["version"]
    outcomes: dict[str, Outcome] = {}
    start = time.monotonic()
    with ExitStack() as stack:
        folder = keep or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        folder.mkdir(exist_ok=True)
        services = Services(folder.resolve(), programs_of_postgresql(), stack)
        runner = Runner(checkout.resolve(), folder.resolve(), services)
        free: Queue[Job] = Queue()
        for number in range(jobs):
            free.put(Job(number, free_port(), MailServer(stack)))

        def one(name: str) -> None:
            job = free.get()
            try:
                outcomes[name] = runner.run(name, every[name], job)
            finally:
                free.put(job)
            print(f"{name}: {json.dumps(outcomes[name], ensure_ascii=False)}", flush=True)

        job = free.get()
        runner.seed(job)
        free.put(job)
        print(f"seeded after {time.monotonic() - start:.0f} s", flush=True)
        with ThreadPoolExecutor(jobs) as pool:
            list(pool.map(one, chosen))
    counts = Counter(outcome["outcome"] for outcome in outcomes.values())
    print(f"{release}: {', '.join(f'{number} {name}' for name, number in sorted(counts.items()))}, in {time.monotonic() - start:.0f} s")
    if write:
        date = datetime.now(timezone.utc).date().isoformat()
        new = {"release": release, "date": date, "states": {name: outcomes[name] for name in chosen}}
        OUTCOMES.write_text(yaml.safe_dump(new, allow_unicode=True, sort_keys=False, width=150), encoding="utf-8")


if __name__ == "__main__":
    try:
        main()
    except (TimeoutError, FileNotFoundError, subprocess.CalledProcessError) as error:
        sys.exit(f"{error}")

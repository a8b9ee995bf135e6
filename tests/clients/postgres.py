"""Whole nodes over PostgreSQL: `serve` and `demo` start, restart, live on while their database is stopped, and have missed nothing
when it is back; and TLS to it. Called by .ci/postgres with the folder of the server's programs, the cluster and its port."""

import atexit
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from node import ROOT, Person, binary  # noqa: E402

PATIENCE = 120
PROGRAMS, CLUSTER, PORT = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), sys.argv[3]
SERVER = f"postgres://huangpu@127.0.0.1:{PORT}/postgres"


def as_postgres(*command, check=True):
    """Runs a program of the server, which does not run as root."""
    other = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.getuid() == 0 else []
    return subprocess.run([*other, *map(str, command)], cwd=CLUSTER.parent, check=check, capture_output=True, text=True)


def database(act, *more):
    as_postgres(PROGRAMS / "pg_ctl", "-D", CLUSTER, "-w", "-m", "fast", "-l", CLUSTER.parent / "log", *more, act)


def start_database(*options):
    flags = f"-p {PORT} -k {CLUSTER.parent} -c listen_addresses=127.0.0.1 -c fsync=off"
    database("start", "-o", " ".join([flags, *options]))


def sql(text):
    run = subprocess.run([PROGRAMS / "psql", "-qAt", SERVER, "-c", text], check=True, capture_output=True, text=True)
    return run.stdout.strip()


def schema(name):
    sql(f"CREATE SCHEMA {name}")
    return f"{SERVER}?options=-csearch_path%3D{name}"


def until(what, holds):
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        found = holds()
        if found:
            return found
        time.sleep(0.05)
    raise SystemExit(f"{what}: not in {PATIENCE} s")


class Node:
    """A node in a process of its own, over a data directory that may have been another's."""

    def __init__(self, folder, url, *arguments):
        self.out, self.log = folder / "out", folder / "log"
        command = [binary(), *map(str, arguments), "--listen", "127.0.0.1:0", "--data", str(folder / "data")]
        with open(self.out, "w") as out, open(self.log, "w") as log:
            self.process = subprocess.Popen([*command, "--projection-url", url], stdout=out, stderr=log)
        # Whatever goes wrong, it does not outlive the test.
        atexit.register(self.process.kill)

    def serving(self):
        def said():
            if self.process.poll() is not None:
                raise SystemExit(f"the node ended:\n{self.told()}")
            return re.search(r"console: http://[^:]+:(\d+)/", self.out.read_text())

        self.port = int(until("the node listens", said).group(1))
        return self

    def told(self):
        return self.out.read_text() + self.log.read_text()

    def ended(self, code):
        got = self.process.wait(PATIENCE)
        assert got == code and "panicked" not in self.told(), f"it ended with {got}:\n{self.told()}"
        return self.told()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.ended(0)

    def person(self, name, password):
        return Person(self.port).sign_in(name, password)

    def figure(self, name):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/metrics", timeout=30) as page:
            return int(re.search(rf"^huangpu_{name} (\d+)$", page.read().decode(), re.M).group(1))

    def trades(self, person):
        return person.call("GET", "/v1/instruments/B2609/trades")


def serves_and_restarts(folder):
    url, arguments = schema("whole"), ["serve", ROOT / "examples/side-by-side", "--market-data-public"]
    node = Node(folder, url, *arguments).serving()
    anyone = Person(node.port)
    before = node.trades(anyone)
    assert before[0] == 200 and before[1]["items"], before
    # A proposal that comes again is looked up in the projection.
    token = re.search(r"#/enrol/operator/(\S+)", node.told()).group(1)
    link = {"user": "operator", "token": token, "password": "chosen by operator alone"}
    Person(node.port).must("POST", "/v1/session/enrol", link)
    operator = Person(node.port).sign_in("operator", "chosen by operator alone")
    user = {"id": "u", "participant": "operator", "name": "third", "duties": ["operator"]}
    operator.must("POST", "/v1/users", user)
    again = operator.call("POST", "/v1/users", user)
    assert again[0] in (200, 202, 409), again
    node.stop()
    node = Node(folder, url, *arguments).serving()
    assert node.trades(Person(node.port))[1]["items"] == before[1]["items"]
    node.stop()
    assert int(sql("SELECT count(*) FROM whole.trades")) > 0


def lives_without_its_database(folder):
    url = schema("alive")
    node = Node(folder, url, "demo", "--pace", "40").serving()
    trader = node.person("trader", "huangpu-demo")
    until("trades", lambda: node.trades(trader)[1]["items"])
    node.stop()
    node = Node(folder, url, "demo", "--pace", "40").serving()
    trader = node.person("trader", "huangpu-demo")
    database("stop")
    until("it is noticed", lambda: "projection stands still" in node.log.read_text())
    account = trader.must("GET", "/v1/session")["accounts"][0]
    answer = trader.must("DELETE", f"/v1/orders?account={account}")
    assert node.trades(trader)[0] >= 500
    assert trader.call("GET", "/readyz")[0] == 200
    start_database()
    until("it has caught up", lambda: node.figure("projection_behind_records") < 50 and node.trades(trader)[0] == 200)
    assert answer["sequence"] <= node.figure("projection_record")
    # Every connection of the readers was to the server that is gone.
    assert all(node.trades(trader)[0] == 200 for _ in range(12))
    database("stop")
    node.stop()
    # A start says what is missing, and nothing that only a start that succeeds should say.
    with tempfile.TemporaryDirectory() as new:
        said = Node(pathlib.Path(new), url, "serve", ROOT / "examples/side-by-side").ended(1)
    assert "cannot open the projection" in said and "password" not in said, said
    start_database()
    node = Node(folder, url, "demo").serving()
    node.stop()


def speaks_tls(folder):
    made = CLUSTER.parent
    for name, subject in (("ca", "/CN=test CA"), ("other", "/CN=another CA")):
        openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", subject,
                "-addext", "basicConstraints=critical,CA:TRUE", "-keyout", made / f"{name}.key", "-out", made / f"{name}.crt")
    openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
            "-keyout", made / "server.key", "-out", made / "server.csr")
    openssl("x509", "-req", "-in", made / "server.csr", "-CA", made / "ca.crt", "-CAkey", made / "ca.key", "-CAcreateserial",
            "-days", "2", "-copy_extensions", "copy", "-out", made / "server.crt")
    os.chmod(made / "server.key", 0o600)
    if os.getuid() == 0:
        subprocess.run(["chown", "postgres:", made / "server.key", made / "server.crt"], check=True)
    sql("CREATE ROLE careful LOGIN SUPERUSER PASSWORD 'pass-word'")
    sql("CREATE SCHEMA encrypted")
    rules = CLUSTER / "pg_hba.conf"
    rules.write_text("hostssl all careful 127.0.0.1/32 scram-sha-256\nhost all careful 127.0.0.1/32 reject\n" + rules.read_text())
    database("stop")
    start_database("-c ssl=on", f"-c ssl_cert_file={made}/server.crt", f"-c ssl_key_file={made}/server.key")
    data = folder / "tls"
    subprocess.run([binary(), "run", ROOT / "examples/carbon", "--data", data], check=True, capture_output=True)

    def project(host, query):
        url = f"postgres://careful:pass-word@{host}:{PORT}/postgres?options=-csearch_path%3Dencrypted&{query}"
        run = subprocess.run([binary(), "project", data, "--to", url], capture_output=True, text=True)
        said = run.stdout + run.stderr
        assert "pass-word" not in said and "panicked" not in said, said
        return run.returncode, said

    trusted = f"sslmode=verify-full&sslrootcert={made}/ca.crt"
    for host, query, code, word in (
        ("localhost", trusted, 0, "records"),
        ("localhost", trusted.replace("verify-full", "require"), 0, "records"),
        ("localhost", "sslmode=disable", 1, "careful"),
        ("localhost", f"sslmode=verify-full&sslrootcert={made}/other.crt", 1, "certificate"),
        ("127.0.0.1", trusted, 1, "certificate"),
        ("localhost", "sslmode=verify-full&sslrootcert=/nowhere.pem", 1, "sslrootcert /nowhere.pem"),
        ("db.invalid", "sslmode=disable", 1, "in clear"),
    ):
        got = project(host, query)
        assert got[0] == code and word in got[1], (host, query, got)
    assert int(sql("SELECT count(*) FROM encrypted.trades")) > 0


def openssl(*arguments):
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)


def main():
    for test in (serves_and_restarts, lives_without_its_database, speaks_tls):
        with tempfile.TemporaryDirectory() as folder:
            test(pathlib.Path(folder))
        print(f"{test.__name__}: ok")


main()

"""A node of its own for a test: `huangpu serve` over an example, with users and keys made through the API, each by two people."""

import hashlib
import hmac
import http.client
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
HOST = "127.0.0.1"


def binary():
    """The program under test: HUANGPU_BINARY, else what cargo built last."""
    if "HUANGPU_BINARY" in os.environ:
        return os.environ["HUANGPU_BINARY"]
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    built = [path for path in (target / "debug/huangpu", target / "release/huangpu") if path.exists()]
    if not built:
        raise SystemExit("there is no huangpu to test: cargo build")
    return str(max(built, key=lambda path: path.stat().st_mtime))


class Person:
    """Someone at the console: a cookie, and the token that changes carry."""

    def __init__(self, port):
        self.port, self.headers = port, {}

    def call(self, method, path, body=None, headers=None):
        """Status and body of the answer."""
        connection = http.client.HTTPConnection(HOST, self.port, timeout=30)
        sent = dict(self.headers, **(headers or {}))
        if body is not None:
            sent.setdefault("Content-Type", "application/json")
            body = body if isinstance(body, (bytes, str)) else json.dumps(body)
        try:
            connection.request(method, path, body, sent)
            answer = connection.getresponse()
            text = answer.read()
            cookie = answer.getheader("Set-Cookie")
        finally:
            connection.close()
        if cookie:
            self.headers["Cookie"] = cookie.split(";")[0]
        is_json = text and "json" in (answer.getheader("Content-Type") or "")
        return answer.status, json.loads(text) if is_json else text

    def must(self, method, path, body=None, *, status=(200, 202, 204)):
        """The body of an answer that is no problem."""
        got, answer = self.call(method, path, body)
        assert got in status, f"{method} {path}: {got} {answer}"
        return answer

    def sign_in(self, user, password, new=None):
        self.headers.clear()
        session = self.must("POST", "/v1/session", {"user": user, "password": password})
        self.headers["X-CSRF-Token"] = session["csrf"]
        if new:
            self.must("POST", "/v1/session/password", {"old": password, "new": new})
        return self


def signature(secret, stamp, method, path, body=b""):
    """HP-SIGN of a request."""
    text = stamp.encode() + method.encode() + path.encode() + body
    return hmac.new(secret.encode(), text, hashlib.sha256).hexdigest()


def signed(key, method, path, body=b"", at=None):
    """The headers of a request that a program signs."""
    stamp = str(int((time.time() if at is None else at) * 1000))
    return {
        "HP-KEY": key["key"],
        "HP-TIME": stamp,
        "HP-SIGN": signature(key["secret"], stamp, method, path, body),
    }


class Node:
    """A node that serves until the block ends."""

    def __init__(self, example="side-by-side", clock="2026-03-04T10:00:00+08:00", options=()):
        self.example, self.clock, self.options = example, clock, list(options)

    def __enter__(self):
        self.folder = tempfile.mkdtemp(prefix="huangpu-clients-")
        self.log = open(os.path.join(self.folder, "log"), "w+", encoding="utf-8")
        command = [
            binary(), "serve", str(ROOT / "examples" / self.example), "--data", os.path.join(self.folder, "data"),
            "--listen", f"{HOST}:0", "--clock", self.clock, "--set", "limits.sign_in_per_minute=1000", *self.options,
        ]
        self.process = subprocess.Popen(command, stdout=self.log, stderr=subprocess.STDOUT)
        try:
            self.port = int(self.wait_for(r"console: http://[^:]+:(\d+)/"))
            self.links = [self.wait_for(rf"#/enrol/{user}/(\S+)") for user in ("operator", "operator2")]
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def wait_for(self, pattern):
        """What the node says about something at its start."""
        until = time.monotonic() + 120
        while time.monotonic() < until:
            text = self.said()
            found = re.search(pattern, text)
            if found:
                return found.group(1)
            if self.process.poll() is not None:
                raise SystemExit(f"the node ended:\n{text}")
            time.sleep(0.05)
        raise SystemExit(f"the node does not say {pattern}:\n{self.said()}")

    def said(self):
        with open(self.log.name, encoding="utf-8") as log:
            return log.read()

    def __exit__(self, *_):
        self.process.terminate()
        try:
            code = self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            code = self.process.wait()
        self.log.close()
        text = self.said()
        shutil.rmtree(self.folder, ignore_errors=True)
        if code != 0 or "panicked" in text:
            raise SystemExit(f"the node ended with {code}:\n{text[-4000:]}")

    def url(self, path=""):
        return f"http://{HOST}:{self.port}{path}"

    def person(self, user=None, password=None, new=None):
        person = Person(self.port)
        return person.sign_in(user, password, new) if user else person

    def healthy(self):
        """Whether it answers and takes part in the market still."""
        assert self.process.poll() is None, "the node ended"
        status, answer = self.person().call("GET", "/v1/openapi.json")
        assert status == 200 and answer["openapi"].startswith("3.1"), (status, answer)


class Staff:
    """The people and keys of a node: two operators, and whoever they admit."""

    def __init__(self, node):
        self.node = node
        self.first = self.enrol("operator", node.links[0])
        self.second = self.enrol("operator2", node.links[1])

    def enrol(self, name, token, code=None):
        """A user, who has chosen a password by its link."""
        password = f"chosen by {name} alone"
        fields = {"user": name, "token": token, "password": password} | ({"code": code} if code else {})
        self.node.person().must("POST", "/v1/session/enrol", fields)
        return self.node.person(name, password)

    def approve_all(self):
        for act in self.second.must("GET", "/v1/acts")["items"]:
            if act["may_approve"]:
                self.second.must("POST", f"/v1/acts/{act['act']}/approve", {})

    def admit(self, participant, name, duties):
        """A user who is admitted by two: one is given its link, the other the code."""
        made = self.first.must("POST", "/v1/users", {"participant": participant, "name": name, "duties": duties})
        approved = self.second.must("POST", f"/v1/acts/{made['act']}/approve", {})
        return self.enrol(name, made["token"], approved["code"])

    def key(self, person, duties, account=None):
        """A key of a user: its public name and its secret."""
        asked = {"duties": duties, **({"account": account} if account else {})}
        key = person.must("POST", "/v1/keys", asked)
        self.approve_all()
        return key

"""schemathesis calls every endpoint of the OpenAPI document, as several people, with what fits the document and what does not."""

import os
import subprocess
import sys
import tempfile

from node import Node, Staff

HERE = os.path.dirname(os.path.abspath(__file__))
CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance,unsupported_method,negative_data_rejection"
# Random requests for each endpoint and person, beside those that cover what the document says.
EXAMPLES = 4
OPTIONS = ["--market-data-public", "--set", "limits.requests_per_second=100000", "--set", "limits.burst=100000",
           "--set", "limits.sign_in_per_minute=100000"]
# Ends the very session or key that signs, or takes its person's rights; and the stream, which is no request and answer: tried by the other tests.
LEFT_OUT = "^/v1/(session/password|session/enrol|session/totp(/off)?|keys/\\{key\\}|stream|commands/(revoke_key|deactivate_user|set_user_duties))$"


def people(node):
    """Who calls: a name, the key, and the methods. Whoever may change nothing reads."""
    staff = Staff(node)
    yield "nobody", None, "GET"
    trader = staff.admit("DONGJIANG", "dj", ["trader", "custodian"])
    yield "trader", staff.key(trader, ["trader", "custodian"], "DJ"), None
    watcher = staff.admit("AUTHORITY", "au", ["supervisor", "auditor"])
    yield "supervisor", staff.key(watcher, ["supervisor", "auditor"]), "GET"
    yield "operator", staff.key(staff.first, ["operator"]), None


def run(node, name, key, method):
    """Whether schemathesis finds nothing."""
    environment = dict(os.environ, SCHEMATHESIS_HOOKS="schemathesis_hooks", PYTHONPATH=HERE)
    environment.pop("HUANGPU_KEY", None)
    if key:
        environment.update(HUANGPU_KEY=key["key"], HUANGPU_SECRET=key["secret"])
    command = [
        os.path.join(os.path.dirname(sys.executable), "schemathesis"), "run", node.url("/v1/openapi.json"),
        "--checks", CHECKS, "--max-examples", str(EXAMPLES), "--generation-deterministic",
        "--phases", "coverage,fuzzing", "--workers", "1", "--request-timeout", "20",
        "--exclude-path-regex", LEFT_OUT, "--no-shrink", "--continue-on-failure",
        "--suppress-health-check", "all", "--warnings", "off", "--no-color",
    ]
    if method:
        command += ["--include-method", method]
    print(f"schemathesis as {name}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        ran = subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True, check=False)
    lines = ran.stdout.splitlines()
    print("\n".join(lines[-12:] if ran.returncode == 0 else lines), ran.stderr, flush=True)
    return ran.returncode == 0


def main():
    with Node(options=OPTIONS) as node:
        well = [run(node, *person) for person in people(node)]
        node.healthy()
    if not all(well):
        raise SystemExit("schemathesis found something")


if __name__ == "__main__":
    main()

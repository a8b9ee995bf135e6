"""Clients that generators make of the OpenAPI document enter, amend and cancel an order; the linters of both documents find nothing."""

import importlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

from node import Node, Staff, signature

HERE = pathlib.Path(__file__).resolve().parent


def run(*command, **options):
    """What a command says, which ends well."""
    ran = subprocess.run(command, capture_output=True, text=True, check=False, **options)
    if ran.returncode != 0:
        raise SystemExit(f"{' '.join(map(str, command))}:\n{ran.stdout}{ran.stderr}")
    return ran.stdout


def documents(node, folder):
    """Both documents, as the node serves them."""
    for name in ("openapi", "asyncapi"):
        status, answer = node.person().call("GET", f"/v1/{name}.json", headers={"Accept-Encoding": "identity"})
        assert status == 200, (name, status)
        (folder / f"{name}.json").write_text(json.dumps(answer))


def python_client(node, key, folder):
    """openapi-python-client's."""
    said = run(os.path.join(os.path.dirname(sys.executable), "openapi-python-client"), "generate", "--path", folder / "openapi.json",
               "--output-path", folder / "made", "--meta", "none")
    unread = [line for line in said.splitlines() if "WARNING" in line or "ERROR" in line]
    assert not unread, "\n".join(unread)
    sys.path.insert(0, str(folder))
    made = lambda name: importlib.import_module(f"made.{name}")
    models, last = made("models"), [0]

    def sign(request):
        last[0] = max(last[0] + 1, int(time.time() * 1000))
        request.headers["HP-KEY"] = key["key"]
        request.headers["HP-TIME"] = str(last[0])
        path, body = request.url.raw_path.decode(), request.read()
        request.headers["HP-SIGN"] = signature(key["secret"], str(last[0]), request.method, path, body)

    client = made("client").Client(base_url=node.url(), httpx_args={"event_hooks": {"request": [sign]}},
                                   raise_on_unexpected_status=True)
    body = models.PostOrdersBody(account="DJ", instrument="B2609", side=models.Side.BUY, price="97.50", quantity=2000, id="python-1")
    placed = made("api.orders.post_orders").sync(client=client, body=body)
    order = str(placed.created.number)
    amendment = models.Amendment(account="DJ", price="97.60", quantity="1000")
    assert made("api.orders.patch_orders_order").sync(order, client=client, body=amendment).sequence > placed.sequence
    read = made("api.history.get_orders_order")
    amended = read.sync(order, client=client)
    assert (amended.price, amended.quantity, amended.status) == ("97.60", "1000", "open"), amended
    book = made("api.market_data.get_instruments_instrument_book").sync("B2609", client=client)
    assert book.bids[0] == ["97.60", "1000", 1], book
    made("api.orders.delete_orders_order").sync(order, client=client, account="DJ")
    assert read.sync(order, client=client).status == "cancelled"
    again = made("api.orders.delete_orders_order").sync(order, client=client, account="DJ")
    assert isinstance(again, models.Problem) and again.code == models.Code.REFUSED, again
    print("openapi-python-client: entered, amended, cancelled")


def linters(folder):
    """Those of OpenAPI, and the parser of AsyncAPI."""
    tool = lambda name: folder / "node_modules/.bin" / name
    run(tool("redocly"), "lint", "--config", "redocly.yaml", "openapi.json", cwd=folder)
    run(tool("spectral"), "lint", "--ruleset", "spectral.yaml", "--fail-severity", "hint", "openapi.json", cwd=folder)
    run("node", "lint.mjs", "asyncapi.json", cwd=folder)
    print("redocly, spectral and the parser of AsyncAPI find nothing")


def typescript_client(node, key, folder):
    """openapi-typescript's, over openapi-fetch."""
    tool = lambda name: folder / "node_modules/.bin" / name
    run(tool("openapi-typescript"), "openapi.json", "-o", "schema.d.ts", cwd=folder)
    run(tool("tsc"), "-p", ".", cwd=folder)
    environment = dict(os.environ, HUANGPU_URL=node.url(), HUANGPU_KEY=key["key"], HUANGPU_SECRET=key["secret"])
    print(run("node", "generated.js", cwd=folder, env=environment).strip())


def main():
    with Node() as node, tempfile.TemporaryDirectory() as root:
        folder = pathlib.Path(root)
        staff = Staff(node)
        key = staff.key(staff.admit("DONGJIANG", "dj", ["trader"]), ["trader"], "DJ")
        documents(node, folder)
        python_client(node, key, folder)
        modules = HERE.parents[1] / "target/clients-js/node_modules"
        if modules.exists() and shutil.which("node"):
            for part in (HERE / "js").iterdir():
                shutil.copy(part, folder)
            (folder / "node_modules").symlink_to(modules)
            linters(folder)
            typescript_client(node, key, folder)
        else:
            print("skipped: redocly, spectral and openapi-typescript are not installed here")
        node.healthy()


if __name__ == "__main__":
    main()

"""The suite that ccxt ships for its drivers, unchanged, run against a node: REST and feed, in the open and with a key."""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import uuid

import ccxt

from ccxt_test import SYMBOL, driver
from node import Node, Staff

# What is the suite's own or its driver's, whoever answers: named as the suite names it, with the reason.
SKIPPED = {
    "skipMethods": {
        "fetchCurrencies": {
            "amountOfCurrencies": "it wants six at least, and there are as many as are traded here",
            # The driver leaves these out for this API.
            "withdraw": "no wallets", "deposit": "no wallets", "fee": "no wallets",
        },
        "orderBook": {"timestamp": "the driver reads no time of a book"},
        "fetchAccounts": {"type": "the driver gives accounts no type"},
        "fetchOrders": {"timeInForce": "GTT is a word of this API that the suite does not know"},
        "fetchClosedOrders": {"timeInForce": "the same"},
        "watchOrders": {"timeInForce": "the same"},
        "watchTradesForSymbols": "the driver waits under the symbol and is told under the product's name: it never returns",
        # These ask for bitcoin, or another of nine coins; ccxt_test.py asks for the money of this market.
        "fetchLedger": "asks for bitcoin",
        "fetchDeposits": "asks for bitcoin",
        "fetchWithdrawals": "asks for bitcoin",
        "createDepositAddress": "asks for bitcoin",
    },
    "preferredSpotSymbol": SYMBOL,
}


def business(node, keys, stop):
    """Trades, until it is told to stop: what is watched only comes when something happens."""
    buyer, seller = driver(node, keys[0]), driver(node, keys[1])
    while not stop.is_set():
        # To and fro, so that nobody runs out of anything.
        buyer, seller = seller, buyer
        seller.create_order(SYMBOL, "limit", "sell", 1000, 98.64, {"clientOrderId": str(uuid.uuid4())})
        buyer.create_order(SYMBOL, "limit", "buy", 1000, 98.64, {"clientOrderId": str(uuid.uuid4())})
        stop.wait(0.5)


def folder(node, key, root):
    """A place that looks like the one the suite was written in, with the keys and what is skipped."""
    api, feed = node.url("/coinbase"), node.url("/coinbase/ws").replace("http", "ws", 1)
    settings = {
        "apiKey": key["key"], "secret": key["secret"], "password": "anything", "rateLimit": 5,
        "urls": {"api": {"public": api, "private": api, "ws": feed}},
    }
    (root / "keys.local.json").write_text(json.dumps({"coinbaseexchange": settings}))
    (root / "skip-tests.json").write_text(json.dumps({"coinbaseexchange": SKIPPED}))
    library, place = pathlib.Path(ccxt.__file__).parent, root / "python/ccxt"
    place.mkdir(parents=True)
    # The tests look about from where they really lie.
    shutil.copytree(library / "test", place / "test")
    for part in library.iterdir():
        if part.name not in ("test", "__pycache__"):
            (place / part.name).symlink_to(part)
    return place / "test/tests_init.py"


def run(suite, *options):
    """Whether the suite finds nothing."""
    command = [sys.executable, str(suite), "coinbaseexchange", "--info", *options]
    # It wants the library that it lies beside, and not one that is installed.
    beside = dict(os.environ, PYTHONPATH=str(suite.parents[2]))
    ran = subprocess.run(command, env=beside, capture_output=True, text=True, check=False, timeout=300)
    said = ran.stdout + ran.stderr
    done = {line.split()[-1] if "(" not in line else line.split("coinbaseexchange")[1].split()[0]
            for line in said.splitlines() if "TESTING DONE" in line}
    well = ran.returncode == 0 and "[TEST_FAILURE]" not in said and len(done) > 2
    print(f"ccxt's suite {' '.join(options)}: {', '.join(sorted(done))}", flush=True)
    if not well:
        print(said)
    return well


def main():
    with Node(options=["--market-data-public"]) as node:
        staff = Staff(node)
        people = [staff.admit("DONGJIANG", "dj", ["trader", "custodian"]), staff.admit("HUIMIN", "hm", ["trader", "custodian"])]
        bank, teller = [staff.admit("SETTLEBANK", name, ["clearing"]) for name in ("bank", "teller")]
        deposit = {"account": "DJ", "amount": "90000000.00", "reference": "in-2"}
        act = bank.must("POST", "/v1/commands/deposit", deposit)["act"]
        teller.must("POST", f"/v1/acts/{act}/approve", {})
        keys = [staff.key(people[0], ["trader"], "DJ"), staff.key(people[1], ["trader"])]
        stop = threading.Event()
        trading = threading.Thread(target=business, args=(node, keys, stop))
        trading.start()
        try:
            time.sleep(1)
            with tempfile.TemporaryDirectory() as root:
                suite = folder(node, keys[0], pathlib.Path(root))
                well = [run(suite, *options) for options in (
                    ("--sync",), ("--sync", "--privateOnly"), (), ("--privateOnly",), ("--ws",), ("--ws", "--privateOnly"))]
        finally:
            stop.set()
            trading.join()
        node.healthy()
    if not all(well):
        raise SystemExit("ccxt's suite found something")


if __name__ == "__main__":
    main()

"""ccxt's driver for Coinbase Exchange as npm has it, over a node (js/ccxt.mjs)."""

import json
import os
import pathlib
import shutil
import subprocess
import tempfile

from node import Node, Staff

HERE = pathlib.Path(__file__).resolve().parent


def main():
    modules = HERE.parents[1] / "target/clients-js/node_modules"
    if not (modules / "ccxt").exists() or not shutil.which("node"):
        print("skipped: ccxt of npm is not installed here")
        return
    with Node(options=["--market-data-public"]) as node, tempfile.TemporaryDirectory() as root:
        staff = Staff(node)
        duties = ["trader", "custodian"]
        keys = [staff.key(staff.admit(firm, name, duties), ["trader"]) for firm, name in (("DONGJIANG", "dj"), ("HUIMIN", "hm"))]
        folder = pathlib.Path(root)
        shutil.copy(HERE / "js/ccxt.mjs", folder)
        (folder / "node_modules").symlink_to(modules)
        environment = dict(os.environ, HUANGPU_URL=node.url("/coinbase"), HUANGPU_KEYS=json.dumps(keys))
        subprocess.run(["node", "ccxt.mjs"], cwd=folder, env=environment, check=True, timeout=120)
        node.healthy()


if __name__ == "__main__":
    main()

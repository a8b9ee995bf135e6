"""Signs what schemathesis sends, as the key in HUANGPU_KEY and HUANGPU_SECRET: the very bytes of each request."""

import os
import threading
import time
from urllib.parse import urlsplit

import requests
import schemathesis

from node import signature


class Signed(requests.auth.AuthBase):
    """The three headers of a request that a program signs."""

    def __init__(self, key, secret):
        self.key, self.secret, self.last, self.lock = key, secret, 0, threading.Lock()

    def __call__(self, request):
        with self.lock:
            # No two requests at the same time: the same one again would be a replay.
            self.last = max(self.last + 1, int(time.time() * 1000))
            stamp = str(self.last)
        place = urlsplit(request.url)
        path = place.path + (f"?{place.query}" if place.query else "")
        body = request.body or b""
        body = body.encode() if isinstance(body, str) else body
        request.headers["HP-KEY"] = self.key
        request.headers["HP-TIME"] = stamp
        request.headers["HP-SIGN"] = signature(self.secret, stamp, request.method, path, body)
        return request


if "HUANGPU_KEY" in os.environ:
    schemathesis.auth.set_from_requests(Signed(os.environ["HUANGPU_KEY"], os.environ["HUANGPU_SECRET"]))

# What there is on the node, so that every second path names something.
THERE = {"instrument": "B2609", "market": "bond-continuous", "account": "DJ", "order": "id:bills", "act": "1", "user": "dj", "sequence": "7"}


@schemathesis.hook
def map_path_parameters(context, path_parameters):
    """Puts names of things that there are in the place of every second random one."""
    for name, value in (path_parameters or {}).items():
        if name in THERE and len(str(value)) % 2 == 0:
            path_parameters[name] = THERE[name]
    return path_parameters

"""Whatever is sent to a node, it says clearly what is wrong with it, and goes on serving."""

import asyncio
import base64
import hashlib
import hmac
import json
import socket
import time

import aiohttp

from node import HOST, Node, Person, Staff, signature, signed

ORDERS = "/v1/orders"
PLACE = "/v1/commands/place_order"
GOOD = {"account": "DJ", "instrument": "B2609", "side": "buy", "price": "98.00", "quantity": 1000}
OPTIONS = [
    "--market-data-public",
    "--set", "limits.header_timeout_seconds=2",
    "--set", "limits.requests_per_second=100000", "--set", "limits.burst=100000",
    "--set", "limits.sign_in_per_minute=1000",
]


def problem(answer, status, *codes):
    """The problem that an answer is."""
    got, body = answer
    assert got == status, f"wanted {status} {codes}, got {got} {body}"
    assert isinstance(body, dict) and body.get("code") in codes, f"wanted {codes}, got {body}"
    assert body["status"] == status and body["type"] == f"/problems/{body['code']}" and body["title"] and body["detail"]
    return body


def raw(port, data, wait=10.0, then=None):
    """What a connection that sends just this is answered, until it is closed or silent for long."""
    with socket.create_connection((HOST, port), timeout=wait) as connection:
        try:
            connection.sendall(data)
            if then:
                then(connection)
        except OSError:
            pass  # It may well have been closed by now: what was said before counts.
        said = b""
        try:
            while chunk := connection.recv(65536):
                said += chunk
        except OSError:
            pass
        return said


def status_of(said):
    return int(said.split(b" ", 2)[1]) if said.startswith(b"HTTP/") else None


def json_that_is_none(trader):
    """Bodies that are no JSON, or not the JSON that is expected: where, and which field."""
    for text in ["{", "}", "[", "nul", "{'a':1}", '{"account":}', '{"account":"DJ"} x', "\x00", '"text"', "[]", "7", "null"]:
        told = problem(trader.call("POST", PLACE, text), 400, "bad_json")
        assert told["line"] >= 1 and told["column"] >= 0, (text, told)
        problem(trader.call("PATCH", ORDERS + "/1", text), 400, "bad_json")
    problem(trader.call("POST", PLACE, "[" * 30_000), 400, "bad_json")
    problem(trader.call("POST", PLACE, '{"a":' * 10_000), 400, "bad_json")
    for bad in (b'{"account":"\xff\xfe"}', b"\xc3\x28", b'{"account":"\xed\xa0\x80"}', b"\xef\xbb\xbf{}"):
        problem(trader.call("POST", PLACE, bad), 400, "bad_json")
        problem(trader.call("POST", ORDERS, bad), 400, "bad_json")
    problem(trader.call("POST", PLACE, '{"account":"DJ","account":"HM"}'), 400, "bad_json")


def fields_that_are_none(trader):
    """Wrong types, numbers and names, and fields that nobody knows."""
    for field, value in [("account", 7), ("account", None), ("account", ["DJ"]), ("side", "up"), ("side", True), ("post_only", "yes"),
                         ("price", 98.5), ("price", -1), ("price", "-1"), ("price", "1e3"), ("price", "NaN"), ("price", {}), ("price", " 98"),
                         ("quantity", True), ("quantity", "ten"), ("quantity", ""), ("life", "forever"), ("kind", ""), ("until", 5)]:
        told = problem(trader.call("POST", PLACE, {**GOOD, field: value}), 400, "bad_json")
        assert field in (told.get("field") or "") or field in told["detail"] or told["detail"], told
    for field, value in [("surprise", 1), ("do", "issue"), ("by", "operator"), ("time", "2026-03-04T10:00:00+08:00"), ("__proto__", {})]:
        problem(trader.call("POST", PLACE, {**GOOD, field: value}), 400, "bad_json")
    missing = dict(GOOD)
    del missing["side"]
    problem(trader.call("POST", PLACE, missing), 400, "bad_json")
    for field, value in [("price", "98.001"), ("price", "9" * 40), ("quantity", 10**18 * 17), ("quantity", "0.5"), ("account", "NO"),
                         ("account", "HM"), ("account", ""), ("account", "x" * 5_000), ("account", "\u0000"), ("instrument", "B2609\n"),
                         ("instrument", "../../etc/passwd"), ("instrument", "\u202e\ud83d\ude00"), ("until", "2026-02-30")]:
        told = problem(trader.call("POST", PLACE, {**GOOD, field: value}), *((422, "bad_field") if field != "until" else (422, "bad_field", "refused")))
        assert told.get("field") in (field, None), told
    for bad in ["", "x" * 65, "a\nb", "a\u0000"]:
        got, told = trader.call("POST", PLACE, {**GOOD, "id": bad})
        assert got in (400, 422) and told["code"] in ("bad_json", "bad_field"), (bad, got, told)
    told = problem(trader.call("POST", PLACE, {**GOOD, "quantity": 999}), 422, "refused")
    assert (told["stage"], told["reason"]) == ("enter", "quantity_off_lot") and told["sequence"] > 0, told


def ways_that_are_none(person, trader):
    """Paths, methods, queries and media types."""
    for path in ["/v1", "/v1/", "/v2/orders", "/v1/commands/", "/v1/commands/none", "/v1/commands/tick", "/v1/orders/", "/v1//orders",
                 "/v1/instruments/NONE", "/v1/instruments/NONE/book", "/v1/../etc/passwd", "/v1/%2e%2e/secret", "/v1/log/99999999999999999999"]:
        got, told = trader.call("GET", path)
        assert got in (403, 404, 405) and told["code"] in ("not_found", "method_not_allowed", "forbidden"), (path, got, told)
    for path in ["/v1/instruments/%ff", "/v1/orders/%c3%28", "/v1/instruments/%00", "/v1/instruments/%f0%9f%98%80/book"]:
        got, told = trader.call("GET", path)
        assert got in (400, 404) and told["code"] in ("bad_request", "not_found"), (path, got, told)
    for method in ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "BREW"]:
        problem(person.call(method, "/v1/time"), 405, "method_not_allowed")
    got, _ = person.call("HEAD", "/v1/time")
    assert got == 200, got
    for query in ["levels=0", "levels=-1", "levels=501", "levels=many", "levels=99999999999999999999", "surprise=1", "levels=1&levels=2"]:
        problem(person.call("GET", f"/v1/instruments/B2609/book?{query}"), 400, "bad_query")
    for query in ["limit=0", "limit=1001", "before=-1", "before=x", "limit=%ff", "%zz=1"]:
        problem(person.call("GET", f"/v1/instruments/B2609/trades?{query}"), 400, "bad_query")
    for kind in ["text/plain", "application/xml", "multipart/form-data; boundary=x", "application/jsonp", ""]:
        problem(trader.call("POST", PLACE, json.dumps(GOOD), {"Content-Type": kind}), 415, "unsupported_media_type")


def sizes(node, trader):
    """Bodies that are too large, said or unsaid; heads that are."""
    problem(trader.call("POST", PLACE, b" " * 70_000), 413, "too_large")
    assert status_of(raw(node.port, b"POST /v1/session HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9999999999\r\n\r\n{")) == 413
    chunk = b"8000\r\n" + b"x" * 0x8000 + b"\r\n"
    endless = b"POST /v1/session HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    assert status_of(raw(node.port, endless + chunk * 8)) == 413
    many = b"".join(b"X-%d: y\r\n" % number for number in range(5_000))
    assert status_of(raw(node.port, b"GET /v1/time HTTP/1.1\r\nHost: localhost\r\n" + many + b"\r\n")) == 431
    long = b"X: " + b"y" * 1_000_000 + b"\r\n"
    assert status_of(raw(node.port, b"GET /v1/time HTTP/1.1\r\nHost: localhost\r\n" + long + b"\r\n")) == 431
    assert status_of(raw(node.port, b"GET /" + b"a" * 200_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n")) in (414, 431, None)


def no_http(node):
    """What is no HTTP at all is closed, with 400 where that can be said."""
    for data in [b"\x00" * 64, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc", b"GET\r\n\r\n", b"GET /v1/time HTTP/9.9\r\n\r\n", b"hello\n\n",
                 b"GET /v1/time HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
                 b"POST /v1/session HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
                 b"GET /v1/time HTTP/1.1\r\nHo st: x\r\n\r\n", b"GET /v1/time HTTP/1.1\r\nX: \x01\r\n\r\n"]:
        assert status_of(raw(node.port, data)) in (400, None), data


def too_slow(node, person):
    """Heads and bodies that never end: the connection is closed, and others are served meanwhile."""
    slow = [socket.create_connection((HOST, node.port), timeout=10) for _ in range(200)]
    for connection in slow:
        connection.sendall(b"GET /v1/time HTTP/1.1\r\nHost: localhost\r\n")
    began, closed = time.monotonic(), 0
    while time.monotonic() - began < 1.0:
        for connection in slow[:20]:
            try:
                connection.sendall(b"X: y\r\n")
            except OSError:
                pass
        assert person.call("GET", "/v1/time")[0] == 200
        time.sleep(0.1)
    for connection in slow:
        connection.settimeout(6)
        try:
            while connection.recv(4096):
                pass
            closed += 1
        except (ConnectionResetError, BrokenPipeError):
            closed += 1
        except socket.timeout:
            pass
        connection.close()
    assert closed == len(slow), f"{closed} of {len(slow)} were closed"
    head = b"POST /v1/session HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n"
    said = raw(node.port, head + b'{"user":')
    assert status_of(said) == 408 and b"timed_out" in said, said
    half = raw(node.port, head, then=lambda connection: connection.shutdown(socket.SHUT_WR))
    assert status_of(half) in (400, None), half


def signatures(node, person, key):
    """Signatures that are none, too old, or were seen before."""
    path = "/v1/accounts"

    def call(headers, method="GET", where=path, body=None):
        return person.call(method, where, body, headers)

    good = signed(key, "GET", path)
    assert call(good)[0] == 200
    assert call(good)[0] == 200, "what reads may be sent again"
    for change in [{"HP-SIGN": "0" * 64}, {"HP-SIGN": "zz"}, {"HP-SIGN": ""}, {"HP-SIGN": good["HP-SIGN"].upper()[:-1]}, {"HP-KEY": "NoSuchKey123"},
                   {"HP-KEY": ""}, {"HP-KEY": "' OR 1=1"}]:
        problem(call({**signed(key, "GET", path), **change}), 401, "bad_signature")
    for name in ("HP-TIME", "HP-SIGN"):
        short = signed(key, "GET", path)
        del short[name]
        problem(call(short), 401, "bad_signature")
    for seconds in (-3_600, -11, 11, 3_600):
        problem(call(signed(key, "GET", path, at=time.time() + seconds)), 401, "stale_time")
    for stamp in ["", "now", "1e12", "-5", "99999999999999999999", "12.5"]:
        headers = {"HP-KEY": key["key"], "HP-TIME": stamp, "HP-SIGN": signature(key["secret"], stamp, "GET", path)}
        problem(call(headers), 401, "stale_time")
    problem(call(signed(key, "POST", path)), 401, "bad_signature")
    problem(call(signed(key, "GET", path), where=path + "?x=1"), 401, "bad_signature")
    body = json.dumps(GOOD).encode()
    problem(call(signed(key, "POST", PLACE, body), "POST", PLACE, body.replace(b"98.00", b"98.01")), 401, "bad_signature")
    problem(call(signed({**key, "secret": "other"}, "GET", path)), 401, "bad_signature")


def sessions(node, trader):
    """Who is nobody, who lacks the token, and who guesses passwords."""
    nobody = Person(node.port)
    problem(nobody.call("GET", "/v1/accounts"), 401, "unauthenticated")
    problem(nobody.call("GET", "/v1/accounts", headers={"Cookie": "huangpu_session=" + "A" * 43}), 401, "unauthenticated")
    problem(nobody.call("GET", "/v1/accounts", headers={"Cookie": "huangpu_session=; ;;=="}), 401, "unauthenticated")
    forged = {name: value for name, value in trader.headers.items() if name == "Cookie"}
    problem(nobody.call("POST", PLACE, GOOD, forged), 403, "csrf")
    problem(nobody.call("POST", PLACE, GOOD, {**forged, "X-CSRF-Token": "x"}), 403, "csrf")
    for _ in range(5):
        problem(nobody.call("POST", "/v1/session", {"user": "nobody", "password": "guess"}), 401, "bad_credentials")
    told = nobody.call("POST", "/v1/session", {"user": "nobody", "password": "guess"})
    assert problem(told, 429, "locked_out")["retry_after"] > 0
    problem(trader.call("GET", "/v1/log"), 403, "forbidden")
    problem(trader.call("GET", "/v1/accounts/HM/holdings"), 404, "not_found")
    problem(trader.call("POST", "/v1/commands/halt", {"instrument": "B2609", "reason": "x"}), 403, "forbidden")


def facade_call(person, key, method, path, body=b"", at=None, **change):
    """A request that is signed as the facade's clients sign."""
    stamp = str(int(time.time()) if at is None else at)
    text = stamp.encode() + method.encode() + path.encode() + body
    mac = hmac.new(base64.b64decode(key["secret"]), text, hashlib.sha256).digest()
    headers = {"CB-ACCESS-KEY": key["key"], "CB-ACCESS-SIGN": base64.b64encode(mac).decode(), "CB-ACCESS-TIMESTAMP": stamp, **change}
    return person.call(method, "/coinbase" + path, body or None, {name: value for name, value in headers.items() if value})


def told(answer, status, words):
    """A refusal of the facade."""
    got, body = answer
    assert got == status and words in body["message"], f"wanted {status} {words}, got {got} {body}"


def facade(node, person, key):
    """The same over the facade, in its words."""

    def call(method, path, body=b"", at=None, **change):
        return facade_call(person, key, method, path, body, at, **change)

    assert call("GET", "/accounts")[0] == 200
    told(person.call("GET", "/coinbase/accounts"), 401, "CB-ACCESS-KEY")
    told(call("GET", "/accounts", **{"CB-ACCESS-TIMESTAMP": ""}), 401, "CB-ACCESS-KEY")
    told(call("GET", "/accounts", **{"CB-ACCESS-SIGN": "!!"}), 401, "invalid signature")
    told(call("GET", "/accounts", **{"CB-ACCESS-KEY": "NoSuchKey123"}), 401, "invalid signature")
    told(call("GET", "/accounts", at=1), 401, "timestamp expired")
    told(call("GET", "/accounts", at="soon"), 401, "timestamp expired")
    told(person.call("GET", "/coinbase/nothing"), 404, "NotFound")
    told(person.call("GET", "/coinbase/products/CEA26-CNY"), 404, "NotFound")
    told(person.call("PUT", "/coinbase/products"), 405, "is not done")
    told(person.call("GET", "/coinbase/products/B2609-CNY/book?level=3"), 403, "one by one")
    told(person.call("GET", "/coinbase/products/B2609-CNY/candles?granularity=7"), 400, "granularity")
    told(person.call("GET", "/coinbase/products/B2609-CNY/candles?start=never"), 400, "start")
    told(person.call("GET", "/coinbase/products/B2609-CNY/trades?limit=x"), 400, "limit")
    order = {"product_id": "B2609-CNY", "side": "buy", "price": "98.00", "size": "1000"}
    for field, value, words in [("surprise", 1, "surprise"), ("size", -1, "number"), ("price", "x", "number"), ("side", "up", "up"),
                                ("funds", "100", "funds"), ("time_in_force", "GTT", "cancel_after"), ("stop", "loss", "stop"),
                                ("product_id", "NO-NO", "Product not found"), ("client_oid", "", "client_oid"), ("size", None, "size")]:
        told(call("POST", "/orders", json.dumps({**order, field: value}).encode()), 400, words)
    told(call("POST", "/orders", b"{"), 400, "")
    told(call("POST", "/orders", b"\xff\xff"), 400, "")
    told(call("DELETE", "/orders/123"), 404, "order not found")
    told(call("DELETE", "/orders/" + "9" * 40), 404, "order not found")
    told(call("DELETE", "/orders/client:never-sent"), 404, "order not found")


async def hear(path, node, words):
    """What a stream answers to each of these, and that it lives afterwards; None: it was closed."""
    answers = []
    async with aiohttp.ClientSession() as session:
        async with session.ws_connect(node.url(path), timeout=aiohttp.ClientWSTimeout(ws_close=5)) as stream:
            for word in words:
                await (stream.send_bytes(word) if isinstance(word, bytes) else stream.send_str(word))
                told = await asyncio.wait_for(stream.receive(), 10)
                answers.append(json.loads(told.data) if told.type == aiohttp.WSMsgType.TEXT else None)
    return answers


def streams(node, person):
    """The streams: what is no message is answered as such, and the connection goes on."""
    for path in ("/v1/stream", "/coinbase/ws"):
        assert person.call("GET", path)[0] == 400, path
        assert person.call("POST", path)[0] == 405, path
    none = ["", "{", "[]", "null", "7", "\x00", "[" * 30_000, b"\xff\xfe", "x" * 70_000, "{}"]
    own = [*none, '{"op":"dance"}', '{"op":"subscribe"}', '{"op":"subscribe","channel":"none"}',
           '{"op":"subscribe","channel":"book","instrument":"NO"}', '{"op":"subscribe","channel":"orders"}',
           '{"op":"command","do":"place_order"}', '{"op":"ping","surprise":1}', '{"op":"ping","op":"ping"}']
    for word, told in zip(own, asyncio.run(hear("/v1/stream", node, own))):
        shown = (word[:60], told)
        assert told and told["op"] in ("error", "answer") and told["problem"]["code"] and told["problem"]["status"] >= 400, shown
    stale = json.dumps({"op": "auth", "key": "NoSuchKey123", "time": 1, "sign": "00"})
    assert asyncio.run(hear("/v1/stream", node, [stale]))[0]["problem"]["code"] == "stale_time"
    ask = {"type": "subscribe", "product_ids": ["B2609-CNY"], "channels": ["level2"]}
    others = [*none, *(json.dumps({**ask, **change}) for change in [
        {"type": "dance"}, {"channels": ["full"]}, {"channels": []}, {"product_ids": []}, {"product_ids": ["NO-NO"]}, {"product_ids": "B2609-CNY"},
        {"channels": ["user"]}, {"key": "NoSuchKey123", "signature": "AAAA", "timestamp": int(time.time())}, {"key": "x", "timestamp": "soon"}])]
    for word, told in zip(others, asyncio.run(hear("/coinbase/ws", node, others))):
        assert told and told["type"] == "error" and told["message"] and told["reason"], (word[:60], told)
    good = asyncio.run(hear("/coinbase/ws", node, ["{", json.dumps(ask)]))
    assert good[1]["type"] == "subscriptions", good
    # What is refused is refused whole: nothing of it is taken for subscribed.
    half = json.dumps({**ask, "channels": ["level2", {"name": "ticker", "product_ids": ["NO-NO"]}]})
    whole = json.dumps({**ask, "channels": ["ticker"]})
    half = asyncio.run(hear("/coinbase/ws", node, [half, whole]))
    assert half[0]["type"] == "error" and [channel["name"] for channel in half[1]["channels"]] == ["ticker"], half


def closed():
    """Where market data is not open and a key may little: the facade permits what the node permits, and shows no more."""
    with Node() as node:
        staff, person = Staff(node), node.person()
        trader, other = staff.admit("DONGJIANG", "dj", ["trader"]), staff.admit("HUIMIN", "hm", ["custodian"])
        key, little, house = staff.key(trader, ["trader"], "DJ"), staff.key(other, ["custodian"]), staff.key(staff.first, ["operator"])
        owner = staff.key(staff.admit("HUIMIN", "hm2", ["trader"]), ["trader"])
        told(person.call("GET", "/coinbase/products"), 401, "CB-ACCESS-KEY")
        assert facade_call(person, key, "GET", "/products")[1][0]["id"] == "B2609-CNY"
        ask = {"type": "subscribe", "product_ids": ["B2609-CNY"], "channels": ["level2"]}
        assert asyncio.run(hear("/coinbase/ws", node, [json.dumps(ask)]))[0]["message"] == "Authentication Failed"
        order = {"product_id": "B2609-CNY", "side": "buy", "price": "98.00", "size": "1000", "client_oid": "mine"}
        got, mine = facade_call(person, key, "POST", "/orders", json.dumps(order).encode())
        assert got == 200 and mine["status"] == "open" and mine["profile_id"] == "DJ", mine
        told(facade_call(person, little, "POST", "/orders", json.dumps(order).encode()), 403, "duty")
        told(facade_call(person, little, "DELETE", "/orders"), 403, "duty")
        for path in (f"/orders/{mine['id']}", "/orders/client:mine"):
            told(facade_call(person, little, "GET", path), 404, "NotFound")
        told(facade_call(person, owner, "DELETE", f"/orders/{mine['id']}"), 404, "order not found")
        told(facade_call(person, owner, "DELETE", "/orders/client:mine"), 404, "order not found")
        assert facade_call(person, owner, "DELETE", "/orders")[1] == []
        assert facade_call(person, key, "GET", "/orders/client:mine")[1]["status"] == "open"
        assert facade_call(person, key, "DELETE", "/orders/client:mine")[0] == 200
        late = facade_call(person, key, "DELETE", f"/orders/{mine['id']}")
        told(late, 400, "Order already done")
        assert late[1]["done_reason"] == "canceled" and late[1]["reason"] == "order_unknown", late
        told(facade_call(person, owner, "DELETE", f"/orders/{mine['id']}"), 404, "order not found")
        assert facade_call(person, little, "GET", "/orders?status=all&limit=1000")[1] == [
            order for order in facade_call(person, little, "GET", "/orders?status=all")[1] if order["profile_id"] == "HM"]
        assert {item["profile_id"] for item in facade_call(person, little, "GET", "/accounts")[1]} == {"HM"}
        told(facade_call(person, house, "GET", "/accounts"), 403, "account")


def rates():
    """More often than one may: what is left, and when to come back."""
    with Node(options=["--market-data-public", "--set", "limits.requests_per_second=5", "--set", "limits.burst=20"]) as node:
        person, refused = node.person(), None
        for _ in range(60):
            got, body = person.call("GET", "/v1/time")
            if got != 200:
                refused = problem((got, body), 429, "rate_limited")
                break
        assert refused and refused["retry_after"] >= 1, refused
        time.sleep(refused["retry_after"])
        assert person.call("GET", "/v1/time")[0] == 200


def main():
    with Node(options=OPTIONS) as node:
        staff = Staff(node)
        trader = staff.admit("DONGJIANG", "dj", ["trader"])
        key, person = staff.key(trader, ["trader"], "DJ"), node.person()
        checks = [
            lambda: json_that_is_none(trader),
            lambda: fields_that_are_none(trader),
            lambda: ways_that_are_none(person, trader),
            lambda: sizes(node, trader),
            lambda: no_http(node),
            lambda: too_slow(node, person),
            lambda: signatures(node, person, key),
            lambda: facade(node, person, key),
            lambda: streams(node, person),
            lambda: sessions(node, trader),
        ]
        for check in checks:
            check()
            node.healthy()
        taken = trader.must("POST", PLACE, {**GOOD, "id": "after-all"})
        assert taken["created"]["kind"] == "order", taken
    closed()
    rates()
    print("bad input: every one was refused clearly, and the node serves")


if __name__ == "__main__":
    main()

"""ccxt's own drivers for Coinbase Exchange, unchanged but for the address, trade on a node."""

import asyncio
import decimal
import time
import uuid

import ccxt
import ccxt.pro

from node import Node, Staff

SYMBOL, PRODUCT = "B2609/CNY", "B2609-CNY"
Decimal = decimal.Decimal


def driver(node, key, kind=ccxt.coinbaseexchange, secret=None):
    """A driver with a key, over a node."""
    api, feed = node.url("/coinbase"), node.url("/coinbase/ws").replace("http", "ws", 1)
    return kind({
        "apiKey": key["key"],
        "secret": secret or key["secret"],
        "password": "anything",
        "urls": {"api": {"public": api, "private": api, "ws": feed}},
        "rateLimit": 5,
    })


def refused(error, call, *args, **named):
    """The words of a refusal of a kind."""
    try:
        answer = call(*args, **named)
    except error as told:
        assert type(told) is error, f"{type(told)}: {told}"
        return str(told)
    raise AssertionError(f"{call.__name__}{args} was not refused: {answer}")


def next_second():
    """The driver's times are in seconds, and the same change is accepted once: another one like it comes a second later."""
    time.sleep(1.05)


def close(left, right):
    return Decimal(str(left)) == Decimal(str(right))


def markets(buyer):
    loaded = buyer.load_markets()
    assert set(loaded) == {SYMBOL}, f"order books only: {set(loaded)}"
    market = loaded[SYMBOL]
    assert (market["id"], market["base"], market["quote"], market["active"]) == (PRODUCT, "B2609", "CNY", True)
    assert close(market["precision"]["price"], "0.01") and close(market["precision"]["amount"], 1000), market["precision"]
    assert {"B2609", "CNY"} <= set(buyer.currencies)
    assert abs(buyer.fetch_time() - time.time() * 1000) < 5_000


def balances(node, buyer, person):
    got = buyer.fetch_balance()
    held = {item["asset"]: item for item in person.must("GET", "/v1/accounts/DJ/holdings")["items"]}
    for asset in ("CNY", "B2609"):
        assert close(got[asset]["total"], held[asset]["total"]), (asset, got[asset], held[asset])
        assert close(got[asset]["free"], held[asset]["available"]), (asset, got[asset], held[asset])
    return got


def limit_orders(buyer, seller):
    """A sale that stands, is shown, and is met in part."""
    ask = seller.create_order(SYMBOL, "limit", "sell", 3000, 98.64)
    assert (ask["status"], ask["side"], ask["type"], ask["symbol"]) == ("open", "sell", "limit", SYMBOL), ask
    assert close(ask["amount"], 3000) and close(ask["price"], "98.64") and close(ask["filled"], 0), ask
    book = buyer.fetch_order_book(SYMBOL)
    assert book["asks"] == [[98.64, 3000.0, 1]] and book["bids"] == [] and book["nonce"] > 0, book
    bid = buyer.create_order(SYMBOL, "limit", "buy", 1000, 98.64)
    assert bid["status"] == "closed" and close(bid["filled"], 1000) and close(bid["cost"], "98640"), bid
    stood = seller.fetch_order(ask["id"])
    assert stood["status"] == "open" and close(stood["filled"], 1000) and close(stood["remaining"], 2000), stood
    assert [order["id"] for order in seller.fetch_open_orders(SYMBOL)] == [ask["id"]]
    return ask, bid


def market_order(buyer, seller, ask):
    taken = buyer.create_order(SYMBOL, "market", "buy", 1000)
    assert taken["status"] == "closed" and taken["type"] == "market" and close(taken["average"], "98.64"), taken
    assert close(buyer.fetch_order_book(SYMBOL)["asks"][0][1], 1000)
    return taken


def reads(buyer, seller, ask, bid, taken):
    ticker = buyer.fetch_ticker(SYMBOL)
    assert close(ticker["last"], "98.64") and close(ticker["ask"], "98.64") and ticker["bid"] is None, ticker
    assert Decimal(str(ticker["baseVolume"])) >= 2000, ticker
    assert ticker["datetime"].startswith("2026-03-04T02:"), ticker
    stats = buyer.publicGetProductsIdStats({"id": PRODUCT})
    assert close(stats["last"], "98.64") and close(stats["high"], "98.64"), stats
    trades = buyer.fetch_trades(SYMBOL)
    assert [(trade["side"], trade["amount"], trade["price"]) for trade in trades[-2:]] == [("buy", 1000.0, 98.64)] * 2, trades
    assert len(buyer.fetch_trades(SYMBOL, limit=1)) == 1
    for step in ("1m", "5m", "15m", "1h", "6h", "1d"):
        candle = buyer.fetch_ohlcv(SYMBOL, step)[-1]
        assert candle[1:5] == [98.64] * 4 and candle[5] >= 1000, (step, candle)
    assert buyer.fetch_ohlcv(SYMBOL, "1m", since=trades[0]["timestamp"] - 3_600_000), "candles since an hour before"
    sparks = buyer.fetch_tickers()[SYMBOL]
    assert close(sparks["last"], "98.64"), sparks
    money(buyer, bid, taken)
    own = buyer.fetch_my_trades(SYMBOL)
    mine = {trade["order"]: trade for trade in own}
    assert {bid["id"], taken["id"]} <= set(mine) and ask["id"] not in mine, own
    assert all(mine[order]["side"] == "buy" and mine[order]["takerOrMaker"] == "taker" for order in (bid["id"], taken["id"]))
    made = seller.fetch_order_trades(ask["id"], SYMBOL)
    assert len(made) == 2 and all(trade["takerOrMaker"] == "maker" and trade["side"] == "sell" for trade in made), made


def money(buyer, bid, taken):
    """What trading costs, and what it did to the account."""
    fees = buyer.fetch_trading_fees()[SYMBOL]
    assert fees["maker"] == 0 and fees["taker"] == 0, fees
    assert buyer.private_get_profiles()[0]["id"] == "DJ"
    entries = buyer.fetch_ledger("CNY")
    traded = [entry for entry in entries if entry["type"] == "trade"]
    assert {entry["referenceId"] for entry in traded} or traded, entries
    by_order = {entry["info"]["details"].get("order_id"): entry for entry in traded}
    for order in (bid, taken):
        entry = by_order[order["id"]]
        assert entry["direction"] == "out" and close(entry["amount"], "98640"), entry
    balance = Decimal(str(buyer.fetch_balance()["CNY"]["total"]))
    assert close(entries[-1]["after"], balance), (entries[-1], balance)
    for before, after in zip(entries, entries[1:]):
        assert close(Decimal(str(before["after"])) - Decimal(str(after["before"])), 0), (before, after)
    dated = buyer.private_get_accounts_id_ledger({"id": "CNY", "start_date": "2026-03-04", "end_date": "2026-03-04"})
    assert 2 <= len(dated) < len(entries) and all(entry["created_at"].startswith("2026-03-04T") for entry in dated), dated
    first = buyer.private_get_accounts_id_ledger({"id": "CNY", "limit": 1})
    older = buyer.private_get_accounts_id_ledger({"id": "CNY", "after": first[-1]["id"], "limit": 1})
    assert close(older[0]["balance"], Decimal(first[0]["balance"]) - Decimal(first[0]["amount"])), (first, older)


def open_data(node, wrong):
    """Who signs wrongly reads what everyone reads, with a slash behind the path or without."""
    person = node.person()
    signed = {"CB-ACCESS-KEY": "nobody", "CB-ACCESS-SIGN": "bm8=", "CB-ACCESS-TIMESTAMP": "1"}
    for path in ("/coinbase/products", "/coinbase/products/", f"/coinbase/products/{PRODUCT}/ticker/"):
        status, answer = person.call("GET", path, headers=signed)
        assert status == 200 and answer, (path, status, answer)
    assert person.call("GET", "/coinbase/accounts/", headers=signed)[0] == 401
    assert wrong.fetch_ticker(SYMBOL)["symbol"] == SYMBOL
    times = [person.call("GET", path)[1] for path in ("/coinbase/time", f"/coinbase/products/{PRODUCT}/ticker")]
    assert all(len(time) == len("2026-03-04T02:00:00.000000Z") for time in (times[0]["iso"], times[1]["time"])), times


def lists_and_cancels(buyer, seller, ask):
    name = str(uuid.uuid4())
    bid = buyer.create_order(SYMBOL, "limit", "buy", 1000, 98.00, {"clientOrderId": name})
    again = buyer.create_order(SYMBOL, "limit", "buy", 1000, 98.00, {"clientOrderId": name, "postOnly": False, "stp": "cn"})
    assert bid["clientOrderId"] == name, bid
    assert again["id"] == bid["id"], "the same order under the same id is entered once"
    refused(ccxt.ExchangeError, buyer.create_order, SYMBOL, "limit", "buy", 2000, 98.00, {"clientOrderId": name})
    found = buyer.fetch_order(None, SYMBOL, {"clientOrderId": name})
    assert (found["id"], found["clientOrderId"]) == (bid["id"], name), found
    short = buyer.create_order(SYMBOL, "limit", "buy", 1000, 97.99, {"clientOrderId": "short-1", "postOnly": True})
    assert short["clientOrderId"] == "short-1" and short["postOnly"] is True, short
    taking = buyer.create_order(SYMBOL, "limit", "buy", 1000, 98.64, {"postOnly": True})
    assert taking["status"] == "rejected" and taking["info"]["reject_reason"] == "post only", taking
    stop = buyer.create_order(SYMBOL, "limit", "buy", 1000, 99.20, {"stopPrice": 99.10, "stop": "entry"})
    assert stop["status"] == "open" and stop["info"]["status"] == "active" and close(stop["triggerPrice"], "99.1"), stop
    assert {order["id"] for order in buyer.fetch_open_orders()} == {bid["id"], short["id"], stop["id"]}
    assert buyer.cancel_order(bid["id"], SYMBOL)["info"] == f'"{bid["id"]}"'
    holds = buyer.private_get_accounts_id_holds({"id": "CNY"})
    assert {hold["ref"] for hold in holds} == {short["id"], stop["id"]}, holds
    held = sum(Decimal(hold["amount"]) for hold in holds)
    assert close(held, buyer.fetch_balance()["CNY"]["used"]), holds
    gone = buyer.fetch_order(bid["id"])
    assert gone["status"] == "canceled" and close(gone["remaining"], 1000), gone
    buyer.cancel_order(None, SYMBOL, {"clientOrderId": "short-1"})
    assert [order["id"] for order in buyer.fetch_open_orders(SYMBOL)] == [stop["id"]]
    cancelled = buyer.cancel_all_orders(SYMBOL)
    assert stop["id"] in cancelled[0]["info"], cancelled
    assert buyer.fetch_open_orders(SYMBOL) == []
    everything = {order["id"]: order["status"] for order in buyer.fetch_orders(SYMBOL)}
    assert everything[bid["id"]] == everything[stop["id"]] == "canceled" and "closed" in everything.values(), everything
    assert ask["id"] not in everything, "nobody sees another's orders"
    assert {order["status"] for order in buyer.fetch_closed_orders(SYMBOL)} <= {"closed", "canceled"}
    at_once = buyer.create_order(SYMBOL, "limit", "buy", 1000, 98.10, {"timeInForce": "IOC"})
    assert at_once["status"] == "canceled" and at_once["timeInForce"] == "IOC", at_once


def for_an_amount(buyer, seller):
    """A market order for so much money: it never costs more, fees included; a sale never brings more, before its fee."""
    ask = seller.create_order(SYMBOL, "limit", "sell", 3000, 98.60)
    # The driver says nothing of it either way; then it writes the amount as it is meant.
    buyer.options["createMarketBuyOrderRequiresPrice"] = True
    order = buyer.create_market_buy_order_with_cost(SYMBOL, 200_000)
    bought = buyer.fetch_order(order["id"])
    assert (bought["status"], bought["type"], bought["filled"]) == ("closed", "market", 2000), bought
    assert bought["cost"] + bought["fee"]["cost"] <= 200_000, bought
    assert bought["info"]["specified_funds"] == "200000.00" and "size" not in bought["info"], bought["info"]
    whole = buyer.create_order(SYMBOL, "market", "buy", None, None, {"cost": 400_000, "time_in_force": "FOK"})
    assert buyer.fetch_order(whole["id"])["filled"] == 0, whole
    seller.cancel_order(ask["id"], SYMBOL)
    bid = buyer.create_order(SYMBOL, "limit", "buy", 2000, 98.50)
    order = seller.create_order(SYMBOL, "market", "sell", None, None, {"cost": 98_500})
    sold = seller.fetch_order(order["id"])
    assert (sold["status"], sold["filled"], sold["cost"]) == ("closed", 1000, 98_500), sold
    buyer.cancel_order(bid["id"], SYMBOL)


def refusals(node, buyer, key, ask):
    refused(ccxt.InsufficientFunds, buyer.create_order, SYMBOL, "limit", "buy", 100_000, 98.60)
    refused(ccxt.OrderNotFound, buyer.fetch_order, ask["id"])
    refused(ccxt.OrderNotFound, buyer.cancel_order, ask["id"])
    refused(ccxt.OrderNotFound, buyer.cancel_order, "123456789")
    refused(ccxt.OrderNotFound, buyer.fetch_order, "no-number")
    outside = refused(ccxt.ExchangeError, buyer.create_order, SYMBOL, "limit", "sell", 1000, 500.00)
    assert "outside the day's band" in outside, outside
    order = {"product_id": PRODUCT, "side": "buy", "size": "1000", "price": "98.00"}
    fine = refused(ccxt.InvalidOrder, buyer.private_post_orders, {**order, "price": "98.001"})
    assert "price too precise" in fine and "decimals" in fine, fine
    low = refused(ccxt.InvalidOrder, buyer.private_post_orders, {**order, "price": "0.01"})
    assert "price too small" in low, low
    odd = refused(ccxt.InvalidOrder, buyer.private_post_orders, {**order, "size": "1"})
    assert "size is too small" in odd, odd
    market = {"product_id": PRODUCT, "side": "buy", "type": "market"}
    small = refused(ccxt.InvalidOrder, buyer.private_post_orders, {**market, "funds": "1000"})
    assert "size is too small" in small, small
    both = refused(ccxt.ExchangeError, buyer.private_post_orders, {**market, "funds": "1000", "size": "1000"})
    assert "only one of size or funds" in both, both
    neither = refused(ccxt.ExchangeError, buyer.private_post_orders, market)
    assert "size or funds is required" in neither, neither
    refused(ccxt.InsufficientFunds, buyer.private_post_orders, {**market, "funds": "150000000.00"})
    refused(ccxt.InvalidOrder, buyer.private_post_orders, {
        "product_id": "CEA26-CNY", "side": "buy", "size": "1000", "price": "70.00"})
    named = refused(ccxt.ExchangeError, buyer.private_post_orders, {**order, "surprise": 1})
    assert "surprise" in named, named
    idle = buyer.private_post_orders({**order, "overdraft_enabled": False, "funding_amount": None})
    buyer.cancel_order(idle["id"])
    wrong = driver(node, key, secret="d3Jvbmc=")
    wrong.load_markets()
    told = refused(ccxt.AuthenticationError, wrong.fetch_balance)
    assert "invalid signature" in told, told
    open_data(node, wrong)
    nobody = driver(node, {"key": "NoSuchKey123", "secret": key["secret"]})
    nobody.load_markets()
    refused(ccxt.AuthenticationError, nobody.fetch_balance)


def replay(buyer):
    """A read may be repeated within a second, a change may not."""
    buyer.nonce = lambda: moment
    moment = buyer.seconds()
    assert buyer.fetch_balance() == buyer.fetch_balance()
    order = (SYMBOL, "limit", "buy", 1000, 97.90)
    buyer.create_order(*order)
    told = refused(ccxt.RateLimitExceeded, buyer.create_order, *order)
    assert "replayed" in told and "an id of its own" in told, told
    moment -= 3_600
    told = refused(ccxt.AuthenticationError, buyer.fetch_balance)
    assert "timestamp expired" in told, told
    del buyer.nonce
    next_second()
    buyer.cancel_all_orders(SYMBOL)


async def watched(node, buyer, seller, keys):
    """The book over the feed, from a snapshot on, through changes, to what the book is."""
    pro = driver(node, keys[0], ccxt.pro.coinbaseexchange)
    try:
        first = await asyncio.wait_for(pro.watch_order_book(SYMBOL), 20)
        assert [list(level) for level in first["asks"]] == [[98.64, 1000.0]] and not first["bids"], first
        changes = [
            lambda: buyer.create_order(SYMBOL, "limit", "buy", 2000, 98.20),
            lambda: seller.create_order(SYMBOL, "limit", "sell", 1000, 98.70),
            lambda: seller.create_order(SYMBOL, "limit", "sell", 1000, 98.20),
            lambda: buyer.cancel_all_orders(SYMBOL),
        ]
        next_second()
        for change in changes:
            await asyncio.to_thread(change)
            await book_comes_to(pro, buyer)
        ticker = asyncio.create_task(pro.watch_ticker(SYMBOL))
        trades = asyncio.create_task(pro.watch_trades(SYMBOL))
        await asyncio.sleep(0.5)
        await asyncio.to_thread(buyer.create_order, SYMBOL, "limit", "buy", 1000, 98.64)
        got = await asyncio.wait_for(ticker, 20)
        assert got["symbol"] == SYMBOL and close(got["last"], "98.2"), got
        assert int(got["info"]["trade_id"]) > 0 and close(got["info"]["last_size"], 1000), got
        assert close(got["info"]["best_ask_size"], got["askVolume"] or got["info"]["best_ask_size"]), got
        told = await asyncio.wait_for(trades, 20)
        assert told[-1]["side"] == "buy" and close(told[-1]["price"], "98.64") and close(told[-1]["amount"], 1000), told
        await own_orders(pro, buyer)
    finally:
        await pro.close()


async def own_orders(pro, buyer):
    """What becomes of the key's own orders, signed for on a connection of its own."""
    orders, fills = (asyncio.create_task(task) for task in (pro.watch_orders(SYMBOL), pro.watch_my_trades(SYMBOL)))
    await asyncio.sleep(0.5)
    taken = await asyncio.to_thread(buyer.create_order, SYMBOL, "limit", "buy", 2000, 98.70)
    told = {}
    for _ in range(10):
        for order in await asyncio.wait_for(orders, 20):
            told[order["id"]] = order
        if told.get(taken["id"], {}).get("status") == "open" and close(told[taken["id"]]["filled"], 1000):
            break
        orders = asyncio.create_task(pro.watch_orders(SYMBOL))
    assert close(told[taken["id"]]["remaining"], 1000) and told[taken["id"]]["side"] == "buy", told
    fill = (await asyncio.wait_for(fills, 20))[-1]
    assert fill["order"] == taken["id"] and fill["side"] == "buy" and close(fill["price"], "98.7"), fill
    orders = asyncio.create_task(pro.watch_orders(SYMBOL))
    await asyncio.to_thread(buyer.cancel_order, taken["id"])
    for _ in range(10):
        last = {order["id"]: order for order in await asyncio.wait_for(orders, 20)}.get(taken["id"], {})
        if last.get("status") == "canceled":
            assert close(last["filled"], 1000) and close(last["remaining"], 1000), last
            return
        orders = asyncio.create_task(pro.watch_orders(SYMBOL))
    raise AssertionError(f"{taken['id']} is {last}")


async def book_comes_to(pro, other):
    """Waits until the watched book is the one that is read."""
    wanted = await asyncio.to_thread(other.fetch_order_book, SYMBOL)
    shown = None
    for _ in range(20):
        shown = pro.orderbooks[SYMBOL]
        if all([level[:2] for level in shown[side]] == [level[:2] for level in wanted[side]] for side in ("bids", "asks")):
            return
        try:
            await asyncio.wait_for(pro.watch_order_book(SYMBOL), 1)
        except asyncio.TimeoutError:
            pass
    raise AssertionError(f"{shown} is not {wanted}")


def main():
    with Node(options=["--market-data-public"]) as node:
        staff = Staff(node)
        duties = ["trader", "custodian"]
        people = [staff.admit("DONGJIANG", "dj", duties), staff.admit("HUIMIN", "hm", duties)]
        bank, teller = [staff.admit("SETTLEBANK", name, ["clearing"]) for name in ("bank", "teller")]
        deposit = {"account": "DJ", "amount": "5000000.00", "reference": "in-2"}
        act = bank.must("POST", "/v1/commands/deposit", deposit)["act"]
        teller.must("POST", f"/v1/acts/{act}/approve", {})
        # The one for an account, the other for its participant, which has only one.
        keys = [staff.key(people[0], ["trader"], "DJ"), staff.key(people[1], ["trader"])]
        buyer, seller = driver(node, keys[0]), driver(node, keys[1])
        seller.load_markets()
        markets(buyer)
        before = balances(node, buyer, people[0])
        ask, bid = limit_orders(buyer, seller)
        taken = market_order(buyer, seller, ask)
        after = balances(node, buyer, people[0])
        assert close(Decimal(str(after["B2609"]["total"])) - Decimal(str(before["B2609"]["total"])), 2000), after
        reads(buyer, seller, ask, bid, taken)
        lists_and_cancels(buyer, seller, ask)
        refusals(node, buyer, keys[0], ask)
        for_an_amount(buyer, seller)
        replay(buyer)
        asyncio.run(watched(node, buyer, seller, keys))
        seller.cancel_all_orders()
        node.healthy()
    print("ccxt: markets, book, ticker, trades, candles, balances, orders and the feed are as they should be")


if __name__ == "__main__":
    main()

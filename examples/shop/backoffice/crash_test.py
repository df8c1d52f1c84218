"""kill -9 between an order and its payment: the timer finishes what was left behind, and nobody is charged twice, whether
orders and payments run in a process each or in one. Usage: crash_test.py FOLDER_OF_BINARIES [unittest arguments]"""
import http.client
import json
import os
import pathlib
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import unittest

BINARIES = pathlib.Path(sys.argv.pop(1)).resolve()
PATIENCE_SECONDS = 60


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def until(condition, what):
    end = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"waited in vain for {what}")
        time.sleep(0.02)


class Shop:
    """catalog, payments and orders; or catalog and the back office, which is the other two."""

    def __init__(self, together):
        self.folder = tempfile.TemporaryDirectory()
        self.port = free_port()
        self.processes = {}
        self.orders_binary = "shop-backoffice" if together else "shop-orders"
        self.start("catalog", "shop-catalog", "http.listen=off", f"rpc.listen=unix:{self.folder.name}/catalog")
        if not together:
            self.start("payments", "shop-payments", "http.listen=off", f"rpc.listen=unix:{self.folder.name}/payments")
        self.start_orders()

    def start_orders(self):
        targets = [f"targets.{name}.endpoints=unix:{self.folder.name}/{name}" for name in ("catalog", "payments")]
        self.start("orders", self.orders_binary, f"http.listen=127.0.0.1:{self.port}", *targets, own=["--orders.settle_after=PT1S"])
        until(self.answers, "orders to answer")

    def start(self, name, binary, *settings, own=()):
        flags = [f"--tutti.{setting}" for setting in ("admin.listen=off", "log.level=warn", f"data={self.folder.name}", *settings)]
        with open(f"{self.folder.name}/log", "ab") as log:
            self.processes[name] = subprocess.Popen([BINARIES / binary, *flags, *own], stdout=log, stderr=log, env={"PATH": os.environ["PATH"]})

    def answers(self):
        if self.processes["orders"].poll() is not None:
            raise AssertionError(pathlib.Path(f"{self.folder.name}/log").read_text())
        try:
            return self.ask("GET", "/orders/none")[0] == 404
        except (OSError, http.client.HTTPException):
            return False

    def kill(self, name):
        self.processes[name].kill()
        self.processes[name].wait()

    def ask(self, method, path, body=None, key=""):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request(method, path, json.dumps(body) if body else None, {"content-type": "application/json", "idempotency-key": key})
            reply = connection.getresponse()
            return reply.status, json.loads(reply.read())
        finally:
            connection.close()

    def place(self, key):
        return self.ask("POST", "/orders", {"customer": "Ada", "lines": [{"sku": "pen"}], "card": "4242424242424242"}, key)

    def rows(self, database, sql):
        file = pathlib.Path(f"{self.folder.name}/{database}.sqlite")
        if not file.exists():
            return []
        connection = sqlite3.connect(file)
        try:
            return connection.execute(sql).fetchall()
        finally:
            connection.close()

    def stop(self):
        for process in self.processes.values():
            process.send_signal(signal.SIGCONT)
            process.kill()
            process.wait()
        self.folder.cleanup()


class Crash(unittest.TestCase):
    def shop(self, together):
        shop = Shop(together)
        self.addCleanup(shop.stop)
        return shop

    def settled(self, shop):
        until(lambda: not shop.rows("orders.orders", "select 1 from orders where state = 'placed'"), "the orders to be settled")
        paid = shop.rows("orders.orders", "select id, total_minor from orders where state = 'paid' order by id")
        self.assertEqual(paid, shop.rows("payments.ledger", "select order_id, amount_minor from receipts order by order_id"))
        self.assertEqual(shop.rows("orders.orders", "select 1 from orders where card <> ''"), [])
        return len(paid)

    def test_between_storing_and_charging(self):
        shop = self.shop(together=False)
        shop.processes["payments"].send_signal(signal.SIGSTOP)  # the charge is asked for, and not answered
        customer = threading.Thread(target=lambda: self.assertRaises((OSError, http.client.HTTPException), shop.place, "k"))
        customer.start()
        until(lambda: shop.rows("orders.orders", "select 1 from orders where state = 'placed'"), "the order to be stored")
        shop.kill("orders")
        customer.join()
        shop.processes["payments"].send_signal(signal.SIGCONT)
        shop.start_orders()
        self.assertEqual(self.settled(shop), 1)
        self.assertEqual(shop.place("k")[1]["state"], "paid")  # the customer asks again: it is the same order
        self.assertEqual(self.settled(shop), 1)

    def keeps_all_orders(self, together):
        shop = self.shop(together)
        answered, refused = [], []

        def customer(name):
            for number in range(10):
                key, status = f"{name}-{number}", 0
                while status != 201:  # the same order until it is answered
                    try:
                        status, text = shop.place(key)
                        if status not in (201, 503, 504):
                            return refused.append(text)
                    except (OSError, http.client.HTTPException):
                        time.sleep(0.01)
                answered.append(key)

        customers = [threading.Thread(target=customer, args=(name,)) for name in "abcd"]
        for one in customers:
            one.start()
        for answers in (3, 13, 23):
            until(lambda: refused or len(answered) >= answers, "orders to be answered")
            shop.kill("orders")
            shop.start_orders()
        for one in customers:
            one.join(PATIENCE_SECONDS)
        self.assertEqual((len(answered), refused), (40, []))
        self.assertEqual(self.settled(shop), 40)

    def test_while_orders_flow_in_two_processes(self):
        self.keeps_all_orders(together=False)

    def test_while_orders_flow_in_one_process(self):
        self.keeps_all_orders(together=True)


if __name__ == "__main__":
    unittest.main()

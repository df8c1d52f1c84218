"""The shop as its users meet it: a fleet of processes started by `tutti up`, a customer's journey through it, and payments
killed while orders flow. Usage: shop_test.py FOLDER_OF_BINARIES [unittest arguments]"""
import http.server
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import urllib.request
import uuid

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "tests/bus"))
sys.path.append(str(ROOT / "examples/shop"))
sys.dont_write_bytecode = True  # nothing is left behind among the examples
from brokers import RABBITMQ, Embedded, RabbitMQ  # noqa: E402
from journey import WebSocket, hear  # noqa: E402
BINARIES = pathlib.Path(sys.argv.pop(1)).resolve()
READY_SECONDS = 60
SERVICES = ("catalog", "payments", "orders", "thumbnails", "notifications", "storefront")
POLYGLOT = ("loyalty", "receipts")
# The smallest PNG that a decoder takes: one grey pixel.
PIXEL = bytes.fromhex("89504e470d0a1a0a0000000d49484452000000010000000108000000003a7e9b55"
                      "0000000a49444154789c636800000082008177cd72b60000000049454e44ae426082")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Fleet:
    def __init__(self, each_service=None, profiles=(), more=None, **environment):
        self.each_service = each_service  # further environment of every service
        self.more = more or {}  # services beside those of compose.yaml
        self.profiles = profiles
        self.environment = environment

    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory()
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        ready = pathlib.Path(self.folder.name) / "ready"
        self.log = open(pathlib.Path(self.folder.name) / "log", "w+")
        environment = dict(os.environ, SHOP_PORT=str(self.port), ORDERS_SETTLE_AFTER="PT1S", SHOP_DATA=self.folder.name, **self.environment)
        files = ["-f", ROOT / "examples/shop/compose.yaml"]
        if self.each_service:
            override = pathlib.Path(self.folder.name) / "override.yaml"  # JSON is YAML too
            services = SERVICES + (POLYGLOT if self.profiles else ())
            override.write_text(json.dumps({"services": {
                **{name: {"environment": self.each_service} for name in services},
                **{name: {**service, "environment": self.each_service} for name, service in self.more.items()}}}))
            files += ["-f", override]
        files += [word for profile in self.profiles for word in ("--profile", profile)]
        self.process = subprocess.Popen([BINARIES / "tutti", "up", *files, "--data", self.folder.name + "/data",
                                         "--ready-file", ready], stdout=self.log, stderr=subprocess.STDOUT, env=environment)
        try:
            self.until(ready.exists, "the fleet to be ready", READY_SECONDS)
        except BaseException:
            self.__exit__(*sys.exc_info())
            raise
        return self

    def __exit__(self, kind, *_):
        self.process.send_signal(signal.SIGINT)
        try:
            self.code = self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.code = "killed"
        if kind:
            print(self.text()[-6000:], file=sys.stderr)
        self.left = [pid for pid in self.pids() if pathlib.Path(f"/proc/{pid}").exists()]
        self.log.close()
        self.folder.cleanup()

    def text(self):
        return pathlib.Path(self.log.name).read_text(errors="replace")

    def pids(self, service=r"\S+"):
        return [int(pid) for pid in re.findall(rf"^{service}\s+\* starts \(pid (\d+)\)", re.sub(r"\x1b\[[0-9;]*m", "", self.text()), re.M)]

    def until(self, condition, what, seconds=30):
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end or self.process.poll() is not None:
                raise AssertionError(f"waited in vain for {what}:\n{self.text()[-6000:]}")
            time.sleep(0.05)  # polling an outside process: there is nothing to be told by

    def ask(self, method, path, body=None, headers=()):
        request = urllib.request.Request(self.url + path, method=method, data=None if body is None else json.dumps(body).encode(),
                                         headers={"Content-Type": "application/json", **dict(headers)})
        with urllib.request.urlopen(request, timeout=20) as reply:
            return json.load(reply)


class Collector(http.server.ThreadingHTTPServer):
    """Takes spans by OTLP/HTTP, as a collector does."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), CollectorHandler)
        self.spans = []  # (service, span)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.shutdown()
        self.server_close()


class CollectorHandler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        for resource in body["resourceSpans"] if self.path == "/v1/traces" else []:
            service = next(a["value"]["stringValue"] for a in resource["resource"]["attributes"] if a["key"] == "service.name")
            self.server.spans += [(service, span) for scope in resource["scopeSpans"] for span in scope["spans"]]
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_):
        pass


class Shop(unittest.TestCase):
    def test_one_trace_follows_an_order_through_all_services(self):
        client, server = 3, 2  # OTLP's span kinds
        trace = uuid.uuid4().hex
        with Collector() as collector:
            with Fleet(each_service={"TUTTI_TRACE_ENDPOINT": f"http://127.0.0.1:{collector.server_port}"}) as fleet:
                fleet.ask("POST", "/api/orders", {"customer": "ada", "lines": [{"sku": "mug", "quantity": 1}], "card": "4242424242424242"},
                          {"traceparent": f"00-{trace}-00f067aa0ba902b7-01", "Idempotency-Key": uuid.uuid4().hex})
            # Stopped: what was still kept has been sent.
        spans = [(service, span) for service, span in collector.spans if span["traceId"] == trace]
        by_id = {span["spanId"]: (service, span) for service, span in spans}

        def way(service, span):
            parent = by_id.get(span.get("parentSpanId"))
            return (way(*parent) if parent else []) + [(service, span["name"], span["kind"])]

        self.assertIn([("storefront", "POST /api/orders", server), ("storefront", "orders.place", client), ("orders", "orders.place", server),
                       ("orders", "payments.charge", client), ("payments", "payments.charge", server)], [way(*each) for each in spans])

    def test_a_customers_journey_works_and_the_fleet_leaves_nothing_behind(self):
        with Fleet() as fleet:
            journey = subprocess.run([sys.executable, ROOT / "examples/shop/journey.py", fleet.url], capture_output=True, text=True, timeout=120)
            self.assertEqual(journey.returncode, 0, journey.stdout + journey.stderr)
        self.assertEqual(fleet.code, 0)
        self.assertEqual(fleet.left, [])

    def test_rabbitmq_takes_the_brokers_place_by_its_uri_alone(self):
        if not RABBITMQ.exists():
            self.skipTest("rabbitmq-server is not installed")
        rabbit = RabbitMQ()
        self.addCleanup(rabbit.end)
        with Fleet(each_service={"TUTTI_BROKER_URI": f"amqp://guest:guest@127.0.0.1:{rabbit.port}"}) as fleet:
            journey = subprocess.run([sys.executable, ROOT / "examples/shop/journey.py", fleet.url], capture_output=True, text=True, timeout=120)
            self.assertEqual(journey.returncode, 0, journey.stdout + journey.stderr)

    def test_every_instance_of_notifications_tells_its_own_browsers(self):
        broker = Embedded(BINARIES / "tutti")
        self.addCleanup(broker.end)
        port = free_port()
        second = {"x-tutti": {"binary": "shop-notifications", "ports": [f"127.0.0.1:{port}:8080"]}, "depends_on": ["orders"]}
        with Fleet(each_service={"TUTTI_BROKER_URI": f"amqp://guest:guest@127.0.0.1:{broker.port}"}, more={"second": second}) as fleet:
            order = fleet.ask("POST", "/api/orders", {"customer": "ada", "lines": [{"sku": "mug", "quantity": 1}], "card": "4000000000000002"},
                              {"Idempotency-Key": uuid.uuid4().hex})
            browsers = [WebSocket(url, "/live") for url in (fleet.url, fleet.url, f"http://127.0.0.1:{port}")]
            for browser in browsers:
                self.addCleanup(browser.close)
                browser.send({"type": "Watch", "order": order["id"]})
                hear(browser, order["id"], "declined")
            fleet.ask("POST", f"/api/orders/{order['id']}/payment", {"card": "4242424242424242"})
            for browser in browsers:
                hear(browser, order["id"], "paid")

    def test_payments_killed_while_orders_flow_loses_and_repeats_nothing(self):
        with Fleet() as fleet:
            placed, failures = [], []

            def customers():
                for _ in range(40):
                    try:
                        order = {"customer": "ada", "lines": [{"sku": "pen", "quantity": 1}], "card": "4242424242424242"}
                        placed.append(fleet.ask("POST", "/api/orders", order, {"Idempotency-Key": str(uuid.uuid4())})["id"])
                    except OSError as error:
                        failures.append(error)

            buyers = [threading.Thread(target=customers) for _ in range(2)]
            for buyer in buyers:
                buyer.start()
            fleet.until(lambda: len(placed) >= 5, "the first orders")
            os.kill(fleet.pids("payments")[-1], signal.SIGKILL)
            # The others keep serving.
            self.assertGreaterEqual(len(fleet.ask("GET", "/api/products")["items"]), 8)
            for buyer in buyers:
                buyer.join()
            fleet.until(lambda: len(fleet.pids("payments")) == 2, "payments to be started again")
            self.assertEqual(failures, [])

            def settled():
                return all(fleet.ask("GET", f"/api/orders/{order}")["state"] == "paid" for order in placed)

            fleet.until(settled, "every order to be paid", 60)
            self.assertEqual(len(set(placed)), len(placed))

    def test_a_picture_of_50_mb_passes_through_the_storefront_in_little_memory(self):
        def memory(what):
            [kilobytes] = re.findall(rf"^{what}:\s+(\d+) kB", pathlib.Path(f"/proc/{fleet.pids('storefront')[-1]}/status").read_text(), re.M)
            return int(kilobytes) * 1024

        with Fleet(THUMBNAILS_FILE_BYTES_MAX="60000000") as fleet:
            before = memory("VmHWM")
            file = PIXEL + bytes(50_000_000)  # a decoder stops at the picture's end
            request = urllib.request.Request(fleet.url + "/api/products/mug/image", method="PUT", data=file)
            with urllib.request.urlopen(request, timeout=60) as reply:
                self.assertEqual(json.load(reply)["width"], 1)
            if memory("VmSize") > 1 << 40:
                self.skipTest("AddressSanitizer keeps what was freed: memory is measured without it")
            self.assertLess(memory("VmHWM") - before, 10_000_000)


if __name__ == "__main__":
    unittest.main()

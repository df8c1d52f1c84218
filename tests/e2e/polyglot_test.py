"""The shop's services in three languages: tutti announces, Python counts points and announces in turn, a browser's connection to
C++ hears of it, JavaScript asks Python. Nobody knows in what the others are written.
Usage: polyglot_test.py embedded|rabbitmq FOLDER_OF_BINARIES [unittest arguments]. Exit 77 (skipped) where a language is missing."""
import json
import shutil
import subprocess
import sys
import unittest
import urllib.error
import uuid

KIND = sys.argv.pop(1)

from shop_test import BINARIES, RABBITMQ, ROOT, Embedded, Fleet, RabbitMQ, WebSocket  # noqa: E402

if KIND == "rabbitmq" and not RABBITMQ.exists():
    print("skipped: rabbitmq-server is not installed")
    sys.exit(77)
if subprocess.run(["/usr/bin/python3", "-c", "import kombu"], capture_output=True).returncode != 0:
    print("skipped: Debian's python3-kombu is not installed")
    sys.exit(77)
if not shutil.which("node") or not (ROOT / "examples/shop/receipts/node_modules").exists():
    print("skipped: there is no node, or nobody called `npm ci` in examples/shop/receipts (make setup)")
    sys.exit(77)

# A Nameko client in Python, by kombu.
CALL = """
import json, sys, uuid
import kombu
uri, service, method, args = sys.argv[1], sys.argv[2], sys.argv[3], json.loads(sys.argv[4])
with kombu.Connection(uri) as connection:
    rpc = kombu.Exchange("nameko-rpc", type="topic", durable=True)
    me = str(uuid.uuid4())
    replies = []
    with connection.Consumer([kombu.Queue("rpc.reply-test-" + me, rpc, routing_key=me, queue_arguments={"x-expires": 300000})],
                             callbacks=[lambda body, message: (replies.append(body), message.ack())]):
        connection.Producer().publish({"args": args, "kwargs": {}}, exchange=rpc, routing_key=service + "." + method, reply_to=me,
                                      correlation_id=str(uuid.uuid4()), serializer="json")
        while not replies:
            connection.drain_events(timeout=20)
print(json.dumps(replies[0]))
"""


class Polyglot(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.broker = Embedded(BINARIES / "tutti") if KIND == "embedded" else RabbitMQ()
        cls.addClassCleanup(cls.broker.end)
        cls.uri = f"amqp://guest:guest@127.0.0.1:{cls.broker.port}"
        cls.fleet = cls.enterClassContext(Fleet(each_service={"TUTTI_BROKER_URI": cls.uri}, profiles=("polyglot",)))
        for service in ("loyalty", "receipts"):
            cls.fleet.until(lambda name=service: f"{name} is connected" in cls.fleet.text(), f"{service} to be connected")

    def call(self, service, method, *args):
        done = subprocess.run(["/usr/bin/python3", "-c", CALL, self.uri, service, method, json.dumps(args)], capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def order(self, customer, sku="mug"):
        order = {"customer": customer, "lines": [{"sku": sku, "quantity": 1}], "card": "4000000000000002"}
        return self.fleet.ask("POST", "/api/orders", order, {"Idempotency-Key": uuid.uuid4().hex})

    def pay(self, order):
        return self.fleet.ask("POST", f"/api/orders/{order['id']}/payment", {"card": "4242424242424242"})

    def points_become(self, customer, points):
        self.fleet.until(lambda: self.call("loyalty", "points", customer)["result"] == points, f"{points} points of {customer}")

    def test_a_browser_hears_from_cpp_what_python_counted_when_cpp_announced_a_payment(self):
        order = self.order("Bea")
        news = WebSocket(self.fleet.url, "/live")
        self.addCleanup(news.close)
        news.send({"type": "Watch", "order": order["id"]})
        self.pay(order)
        while (told := news.receive())["type"] != "Points":
            pass
        self.assertEqual(told, {"type": "Points", "order": order["id"], "points": order["total_minor"] // 100})

    def test_python_gives_points_once_and_takes_them_back(self):
        first, second = self.order("Cid"), self.order("Cid", "lamp")
        self.pay(first)
        self.pay(second)
        self.points_become("Cid", (first["total_minor"] // 100) + (second["total_minor"] // 100))
        self.fleet.ask("POST", f"/api/orders/{first['id']}/cancellation")
        self.points_become("Cid", second["total_minor"] // 100)

    def test_javascript_writes_a_receipt_with_what_python_answers(self):
        order = self.order("Dan")
        self.pay(order)
        self.fleet.until(lambda: self.call("receipts", "get", order["id"])["error"] is None, "the receipt")
        lines = self.call("receipts", "get", order["id"])["result"].splitlines()
        self.assertEqual(lines[:3], ["Receipt for Dan", "1 x mug", f"Paid EUR {order['total_minor'] / 100:.2f}"])
        self.assertRegex(lines[3], r"^Points \d+$")

    def test_cpp_asks_javascript_and_javascript_asks_cpp(self):
        order = self.order("Eve")

        def receipt():
            try:
                return self.fleet.ask("GET", f"/api/orders/{order['id']}/receipt")["text"]
            except urllib.error.HTTPError as refused:
                return refused.code, json.load(refused)["value"]["reason"]

        self.assertEqual(receipt(), (404, "the order is declined"))  # which JavaScript has from C++
        self.pay(order)
        self.fleet.until(lambda: str(receipt()).startswith("Receipt for Eve\n"), "the receipt")

    def test_both_refuse_in_namekos_words(self):
        for service, good in (("loyalty", "points"), ("receipts", "get")):
            self.assertEqual(self.call(service, "none")["error"]["exc_path"], "nameko.exceptions.MethodNotFound")
            self.assertEqual(self.call(service, good)["error"]["exc_path"], "nameko.exceptions.IncorrectSignature")
        self.assertEqual(self.call("receipts", "get", "none")["error"]["exc_args"], ["there is no such order"])


if __name__ == "__main__":
    unittest.main()

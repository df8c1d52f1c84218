"""A few customers of the shop at once, until they are told to stop: they upload an image, look at it and browse. What did not
work is kept with its reason, so that a test can demand that nothing was lost."""
import http.client
import importlib.util
import json
import pathlib
import threading
import time
import uuid

ROOT = pathlib.Path(__file__).resolve().parents[2]
specification = importlib.util.spec_from_file_location("journey", ROOT / "examples/shop/journey.py")
journey = importlib.util.module_from_spec(specification)
specification.loader.exec_module(journey)

PICTURE = journey.png(64, 48)
UPLOAD = ("PUT", "/api/products/mug/image?width=32", PICTURE)
LOOK = ("GET", "/images/mug", None)
BROWSE = ("GET", "/api/products", None)


class Load:
    def __init__(self, port, customers=4, steps=(UPLOAD, LOOK, BROWSE)):
        self.port, self.steps = port, steps
        self.done, self.slowest = 0, 0.0
        self.losses = []  # (time.monotonic() at its end, what and why)
        self.stopping = threading.Event()
        self.lock = threading.Lock()
        self.threads = [threading.Thread(target=self.shop, daemon=True) for _ in range(customers)]

    @property
    def lost(self):
        return [text for _, text in self.losses]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        for thread in self.threads:
            thread.join()

    def shop(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        while not self.stopping.is_set():
            self.visit(connection)
        connection.close()

    def visit(self, connection):
        for method, path, body in self.steps:
            self.step(connection, method, path, body, {"Content-Type": "application/octet-stream"} if body else {})

    def step(self, connection, method, path, body, headers):
        """What was answered; nothing if it was no success. Who is refused waits a moment, as people do."""
        began = time.monotonic()
        wrong, content = ask(connection, method, path, body, headers)
        with self.lock:
            self.done += 1
            self.slowest = max(self.slowest, time.monotonic() - began)
            if wrong:
                self.losses.append((time.monotonic(), f"{time.strftime('%T')} {method} {path}: {wrong}"))
        if wrong:
            self.stopping.wait(0.1)
        return content


class Orders(Load):
    """Customers who browse and buy. What the shop has confirmed to them is kept, to be asked for later."""

    def __init__(self, port, customers=2):
        super().__init__(port, customers)
        self.confirmed = {}

    def visit(self, connection):
        self.step(connection, *BROWSE, {})
        order = json.dumps({"customer": "Ada", "lines": [{"sku": "mug", "quantity": 1}], "card": journey.GOOD_CARD})
        content = self.step(connection, "POST", "/api/orders", order, {"Content-Type": "application/json", "Idempotency-Key": str(uuid.uuid4())})
        if content:
            placed = json.loads(content)
            self.confirmed[placed["id"]] = placed

    def missing(self):
        """The confirmed orders that the shop does not know any more, or knows otherwise."""
        shop = journey.Shop(f"http://127.0.0.1:{self.port}")
        return [order["id"] for order in self.confirmed.values() if shop.ask("GET", f"/api/orders/{order['id']}") != order]


def ask(connection, method, path, body, headers):
    """What went wrong, or nothing, and what was answered. Like any browser it asks again for a page if a kept connection turns
    out to be closed."""
    for attempt in (1, 2):
        reused = connection.sock is not None
        try:
            connection.request(method, path, body, headers)
            reply = connection.getresponse()
            content = reply.read()
            return (None, content) if reply.status in (200, 201) else (f"{reply.status} {content[:200]!r}", None)
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            if not (attempt == 1 and reused and method == "GET"):
                return f"{type(error).__name__} {error}", None
    raise AssertionError("unreachable")

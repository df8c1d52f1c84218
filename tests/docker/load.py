"""A few customers of the shop at once, until they are told to stop: they upload an image, look at it and browse. What did not
work is kept with its reason, so that a test can demand that nothing was lost."""
import http.client
import importlib.util
import pathlib
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
specification = importlib.util.spec_from_file_location("journey", ROOT / "examples/shop/journey.py")
journey = importlib.util.module_from_spec(specification)
specification.loader.exec_module(journey)

PICTURE = journey.png(64, 48)
PATHS = [("PUT", "/api/products/mug/image?width=32", PICTURE), ("GET", "/images/mug", None), ("GET", "/api/products", None)]


class Load:
    def __init__(self, port, customers=4, paths=None):
        self.port, self.paths = port, paths or PATHS
        self.done, self.lost, self.slowest = 0, [], 0.0
        self.stopping = threading.Event()
        self.lock = threading.Lock()
        self.threads = [threading.Thread(target=self.shop, daemon=True) for _ in range(customers)]

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
            for method, path, body in self.paths:
                began = time.monotonic()
                wrong = self.ask(connection, method, path, body)
                with self.lock:
                    self.done += 1
                    self.slowest = max(self.slowest, time.monotonic() - began)
                    if wrong:
                        self.lost.append(f"{time.strftime('%T')} {method} {path}: {wrong}")
        connection.close()

    @staticmethod
    def ask(connection, method, path, body):
        """What went wrong, or nothing. Like any browser it asks again for a page if a kept connection turns out to be closed."""
        for attempt in (1, 2):
            reused = connection.sock is not None
            try:
                connection.request(method, path, body, {"Content-Type": "application/octet-stream"} if body else {})
                reply = connection.getresponse()
                content = reply.read()
                return None if reply.status == 200 else f"{reply.status} {content[:200]!r}"
            except (OSError, http.client.HTTPException) as error:
                connection.close()
                if not (attempt == 1 and reused and method == "GET"):
                    return f"{type(error).__name__} {error}"
        return None

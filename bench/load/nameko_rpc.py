"""Calls over a broker as Nameko makes them, by kombu: persistent messages, each publish waits for its confirm.
nameko_rpc.py service PORT | client PORT IN_FLIGHT SECONDS: one line of JSON."""
import json
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tests/bus"))
from nameko_wire import Client, Service  # noqa: E402

URI = "amqp://guest:guest@127.0.0.1:%s//" % sys.argv[2]


def load(in_flight, seconds):
    client, started, took = Client(URI, confirm=True), {}, []

    def ask():
        started[client.send("python", "echo", kwargs={"id": 17, "name": "ada", "paid": True, "lines": []})] = time.perf_counter()

    end = time.perf_counter() + seconds
    for _ in range(in_flight):
        ask()
    while started:
        if not client.replies:  # some come while a publish waits for its confirm
            client.connection.drain_events(timeout=10)
        for number in list(client.replies):
            client.replies.pop(number)
            took.append((time.perf_counter() - started.pop(number)) * 1e6)
            if time.perf_counter() < end:
                ask()
    client.close()
    took.sort()
    print(json.dumps({"calls": len(took), "p50_us": took[len(took) // 2], "p99_us": took[len(took) * 99 // 100]}))


if sys.argv[1] == "service":
    Service(URI, "python", {"echo": lambda **message: message}, confirm=True).thread.join()
else:
    load(int(sys.argv[3]), float(sys.argv[4]))

"""Spans, log records and metrics at a collector that takes nothing but what opentelemetry-proto describes, in its JSON form:
known fields in lowerCamelCase, ids in hex, 64-bit integers as strings, enumerations as numbers. Usage: telemetry_test.py ABACUS"""
import contextlib
import http.client
import http.server
import json
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest

ABACUS = sys.argv.pop(1)


def hexadecimal(digits):
    return lambda value: isinstance(value, str) and re.fullmatch(f"[0-9a-f]{{{digits}}}", value) is not None


def int64(value):
    return isinstance(value, str) and re.fullmatch("-?[0-9]{1,20}", value) is not None


def number(value):
    return value in ("NaN", "Infinity", "-Infinity") or isinstance(value, (int, float)) and not isinstance(value, bool)


def whole(value):
    return isinstance(value, int) and not isinstance(value, bool)


def text(value):
    return isinstance(value, str)


def flag(value):
    return isinstance(value, bool)


ANY = {"stringValue": text, "boolValue": flag, "intValue": int64, "doubleValue": number}
ATTRIBUTES = [{"key": text, "value": ANY}]
RESOURCE = {"attributes": ATTRIBUTES}
SCOPE = {"name": text}
NUMBER_POINT = {"attributes": ATTRIBUTES, "startTimeUnixNano": int64, "timeUnixNano": int64, "asInt": int64, "asDouble": number}
HISTOGRAM_POINT = {"attributes": ATTRIBUTES, "startTimeUnixNano": int64, "timeUnixNano": int64, "count": int64, "sum": number, "bucketCounts": [int64], "explicitBounds": [number]}
SPAN = {"traceId": hexadecimal(32), "spanId": hexadecimal(16), "parentSpanId": hexadecimal(16), "traceState": text, "flags": whole, "name": text, "kind": whole, "startTimeUnixNano": int64,
        "endTimeUnixNano": int64, "attributes": ATTRIBUTES, "events": [{"name": text, "timeUnixNano": int64, "attributes": ATTRIBUTES}],
        "links": [{"traceId": hexadecimal(32), "spanId": hexadecimal(16), "traceState": text, "flags": whole}],
        "droppedAttributesCount": whole, "droppedEventsCount": whole, "droppedLinksCount": whole, "status": {"code": whole, "message": text}}
RECORD = {"timeUnixNano": int64, "observedTimeUnixNano": int64, "severityNumber": whole, "severityText": text, "body": ANY, "attributes": ATTRIBUTES, "traceId": hexadecimal(32), "spanId": hexadecimal(16)}
METRIC = {"name": text, "description": text, "unit": text, "gauge": {"dataPoints": [NUMBER_POINT]}, "sum": {"dataPoints": [NUMBER_POINT], "aggregationTemporality": whole, "isMonotonic": flag},
          "histogram": {"dataPoints": [HISTOGRAM_POINT], "aggregationTemporality": whole}}
BODIES = {
    "/v1/traces": {"resourceSpans": [{"resource": RESOURCE, "scopeSpans": [{"scope": SCOPE, "spans": [SPAN]}]}]},
    "/v1/logs": {"resourceLogs": [{"resource": RESOURCE, "scopeLogs": [{"scope": SCOPE, "logRecords": [RECORD]}]}]},
    "/v1/metrics": {"resourceMetrics": [{"resource": RESOURCE, "scopeMetrics": [{"scope": SCOPE, "metrics": [METRIC]}]}]},
}


def faults(value, kind, place="body"):
    """What of `value` is not as `kind` describes it."""
    if isinstance(kind, dict):
        if not isinstance(value, dict):
            return [f"{place}: {value!r} is no object"]
        unknown = [f"{place}.{key} is unknown" for key in value if key not in kind]
        return unknown + [fault for key in value if key in kind for fault in faults(value[key], kind[key], f"{place}.{key}")]
    if isinstance(kind, list):
        if not isinstance(value, list):
            return [f"{place}: {value!r} is no array"]
        return [fault for i, item in enumerate(value) for fault in faults(item, kind[0], f"{place}[{i}]")]
    return [] if kind(value) else [f"{place}: {value!r}"]


class Collector(http.server.ThreadingHTTPServer):
    """Keeps what it is sent; while `silent` it takes requests and does not answer."""
    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Taking)
        self.bodies, self.faults, self.silent, self.lock = {path: [] for path in BODIES}, [], threading.Event(), threading.Lock()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def uri(self):
        return f"http://127.0.0.1:{self.server_address[1]}"

    def all(self, path, *keys):
        found = [body for body in self.bodies[path]]
        for key in keys:
            found = [item for each in found for item in each[key]]
        return found

    def spans(self):
        return self.all("/v1/traces", "resourceSpans", "scopeSpans", "spans")

    def records(self):
        return self.all("/v1/logs", "resourceLogs", "scopeLogs", "logRecords")

    def pushes(self, name):
        """The metric in each body that has it."""
        return [metric for metric in self.all("/v1/metrics", "resourceMetrics", "scopeMetrics", "metrics") if metric["name"] == name]


class Taking(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        raw = self.rfile.read(int(self.headers["content-length"]))
        while self.server.silent.is_set():
            time.sleep(0.05)
        with self.server.lock:
            if self.headers["content-type"] != "application/json":
                self.server.faults.append(self.headers["content-type"])
            body = json.loads(raw)
            self.server.faults += [f"{self.path} {fault}" for fault in faults(body, BODIES[self.path])]
            self.server.bodies[self.path].append(body)
        with contextlib.suppress(ConnectionError):  # who was kept waiting may have gone
            self.send_response(200)
            self.send_header("content-length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

    def log_message(self, *_):
        pass


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def until(happens, what, seconds=30):
    end = time.monotonic() + seconds
    while True:
        result = happens()
        if result:
            return result
        if time.monotonic() > end:
            raise AssertionError(f"waited {seconds} s for {what}")
        time.sleep(0.02)


def attributes(of):
    return {each["key"]: next(iter(each["value"].values())) for each in of["attributes"]}


class Telemetry(unittest.TestCase):
    def setUp(self):
        self.collector = Collector()
        self.addCleanup(self.collector.server_close)
        self.addCleanup(self.collector.shutdown)
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.http, self.admin = free_port(), free_port()
        uri = self.collector.uri()
        self.log = open(f"{self.folder.name}/log", "w+")
        self.addCleanup(self.log.close)
        self.service = subprocess.Popen([ABACUS, f"--tutti.http.listen=127.0.0.1:{self.http}", f"--tutti.admin.listen=127.0.0.1:{self.admin}", f"--tutti.data={self.folder.name}",
                                         f"--tutti.trace.endpoint={uri}", f"--tutti.log.endpoint={uri}/", f"--tutti.metrics.endpoint={uri}", "--tutti.metrics.interval=200ms",
                                         "--tutti.threads=2"], stdout=self.log, stderr=subprocess.STDOUT, text=True)
        self.addCleanup(self.stop)
        until(lambda: '"message":"ready"' in self.said(), "the service")

    def stop(self):
        if self.service.poll() is None:
            self.service.kill()
        self.service.wait()

    def said(self):
        with open(self.log.name) as log:
            return log.read()

    def ask(self, method, path, body=None, port=None):
        client = http.client.HTTPConnection("127.0.0.1", port or self.http, timeout=30)
        with contextlib.closing(client):
            client.request(method, path, body, {"content-type": "application/json"} if body else {})
            answer = client.getresponse()
            return answer.status, answer.read().decode()

    def ended(self):
        self.service.send_signal(signal.SIGTERM)
        self.assertEqual(self.service.wait(30), 0, self.said())
        self.assertEqual(self.collector.faults, [])

    def test_a_request_is_found_in_all_three(self):
        for _ in range(5):
            self.assertEqual(self.ask("POST", "/wait", '{"milliseconds":1}')[0], 204)

        def served(count):
            points = [point for metric in self.collector.pushes("http.server.request.duration")[-1:] for point in metric["histogram"]["dataPoints"]]
            return sum(int(point["count"]) for point in points if attributes(point).get("http.route") == "/wait") == count
        until(lambda: served(5), "the five requests in a push")
        until(lambda: len(self.collector.pushes("tutti.runtime.loop.turns")) >= 3, "three pushes")
        self.ended()  # sends the rest

        histogram = self.collector.pushes("http.server.request.duration")[-1]
        self.assertEqual((histogram["unit"], histogram["histogram"]["aggregationTemporality"]), ("s", 2))
        for point in histogram["histogram"]["dataPoints"]:
            self.assertEqual(len(point["bucketCounts"]), len(point["explicitBounds"]) + 1)
            self.assertEqual(sum(map(int, point["bucketCounts"])), int(point["count"]))
        turns = [metric["sum"]["dataPoints"][0] for metric in self.collector.pushes("tutti.runtime.loop.turns")]
        self.assertEqual(turns, sorted(turns, key=lambda point: (point["asDouble"], int(point["timeUnixNano"]))))  # only grows
        self.assertEqual(len({point["startTimeUnixNano"] for point in turns}), 1)

        records = [record for record in self.collector.records() if record["body"]["stringValue"] == "waiting"]
        self.assertEqual([(record["severityNumber"], record["severityText"], attributes(record)["tutti.service"]) for record in records], [(9, "info", "abacus")] * 5)
        traces = {span["traceId"] for span in self.collector.spans()}
        self.assertEqual(len({record["traceId"] for record in records}), 5)
        self.assertLessEqual({record["traceId"] for record in records}, traces)
        messages = [record["body"]["stringValue"] for record in self.collector.records()]
        self.assertIn("ready", messages)  # of before the first batch
        for path, key in (("/v1/traces", "resourceSpans"), ("/v1/logs", "resourceLogs"), ("/v1/metrics", "resourceMetrics")):
            resources = {json.dumps(part["resource"]) for part in self.collector.all(path, key)}
            self.assertEqual(len(resources), 1)
            self.assertEqual({name: value for name, value in attributes(json.loads(resources.pop())).items() if name != "service.instance.id"}, {"service.name": "abacus", "service.version": "3.2.1"})

    def test_a_collector_that_stalls_costs_records_and_nothing_else(self):
        self.collector.silent.set()
        client = http.client.HTTPConnection("127.0.0.1", self.http, timeout=30)
        with contextlib.closing(client):
            for _ in range(4000):  # each is a line of the access log
                client.request("GET", "/add/1")
                self.assertEqual(client.getresponse().read(), b'{"sum":2}')

        def lost(kind):
            return float(re.search(rf"^tutti_{kind}_lost_total (\S+)$", self.ask("GET", "/metrics", port=self.admin)[1], re.M).group(1))
        until(lambda: lost("log_records") > 0 and lost("trace_spans") > 0, "losses to be counted")
        self.collector.silent.clear()
        self.ended()


if __name__ == "__main__":
    unittest.main()

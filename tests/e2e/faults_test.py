"""What goes wrong around a service and in its handlers, over real sockets: slow, many, silent and vanishing clients, no
descriptors left, handlers that block, throw or overflow their stack, and SIGTERM at any moment of the start.
Usage: faults_test.py FOLDER_OF_PROGRAMS [unittest arguments]"""
import contextlib
import http.client
import json
import os
import pathlib
import re
import resource
import select
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "foreign"))
from running_service import Service, free_port  # noqa: E402

PROGRAM = pathlib.Path(sys.argv.pop(1)).resolve() / "faulty_service"
SANITIZED = b"__asan_init" in PROGRAM.read_bytes()
GET = b"GET /ping HTTP/1.1\r\nHost: a\r\n\r\n"


def until(happens, what, seconds=30):
    """What `happens` returns once it is true."""
    end = time.monotonic() + seconds
    while True:
        result = happens()
        if result:
            return result
        if time.monotonic() > end:
            raise AssertionError(f"waited {seconds} s for {what}")
        time.sleep(0.01)


def status_of(connection):
    """Of the next answer; None: the connection ended without one."""
    try:
        head = connection.recv(65536)
    except ConnectionError:
        return None
    found = re.match(rb"HTTP/1\.1 (\d+)", head)
    return int(found.group(1)) if found else None


class Faults(unittest.TestCase):
    def serve(self, **library):
        service = Service(PROGRAM, **library)
        service.__enter__()
        self.addCleanup(self.end, service)
        return service

    def end(self, service):
        service.__exit__(None, None, None)

    def ask(self, service, method="GET", path="/ping", timeout=60):
        client = http.client.HTTPConnection("127.0.0.1", service.port, timeout=timeout)
        with contextlib.closing(client):
            client.request(method, path)
            answer = client.getresponse()
            return answer.status, json.loads(answer.read())

    def pinged(self, service):
        self.assertEqual(self.ask(service), (200, {"ok": True}))

    def lines(self, service, message):
        found = []
        for line in service.text().splitlines():
            with contextlib.suppress(json.JSONDecodeError):
                record = json.loads(line)
                if message in record.get("message", ""):
                    found.append({**record, **record.get("attributes", {})})
        return found


class Handlers(Faults):
    def test_one_that_blocks_its_shard_is_named_with_how_long_and_where(self):
        admin = free_port()
        service = self.serve(**{"stall_threshold": "100ms", "admin.listen": f"127.0.0.1:{admin}"})
        self.assertEqual(self.ask(service, "POST", "/block/400")[0], 200)
        self.assertEqual(self.ask(service, "POST", "/loop/400")[0], 200)
        over = until(lambda: len(self.lines(service, "the shard goes on")) == 2 and self.lines(service, "the shard goes on"), "both to be over")
        begun = self.lines(service, "holds up its shard")
        print(*[{name: line[name] for name in line if name.startswith("tutti.")} for line in begun + over], sep="\n")
        self.assertEqual([line["tutti.handler"] for line in begun], ["faulty.block", "faulty.loop"])
        self.assertEqual([line["tutti.handler"] for line in over], ["faulty.block", "faulty.loop"])
        for first, last in zip(begun, over):
            self.assertEqual(first["level"], "warn")
            self.assertGreaterEqual(first["tutti.stall_ms"], 100)
            self.assertGreaterEqual(last["tutti.stall_ms"], 300)
        self.assertNotEqual(begun[0]["tutti.stall_where"], "computing")
        self.assertEqual(begun[1]["tutti.stall_where"], "computing")
        client = http.client.HTTPConnection("127.0.0.1", admin, timeout=60)
        client.request("GET", "/metrics")
        self.assertIn("tutti_runtime_stalls_total 2\n", client.getresponse().read().decode())
        client.close()

    def test_what_it_throws_is_an_answer_and_a_line_whatever_it_is(self):
        service = self.serve()
        thrown = {"int": "int", "text": "char const*", "null": "nullptr", "odd": "Odd", "standard": "std::runtime_error",
                  "nested": "std::_Nested_exception<std::logic_error>", "memory": "std::bad_alloc", "pointer": "std::.*string"}
        for what in thrown:
            with self.subTest(what):
                status, told = self.ask(service, "POST", f"/fail/{what}")
                self.assertEqual((status, told["detail"]), (500, "faulty.fail failed; its log says why"))
        self.pinged(service)
        lines = until(lambda: len(self.lines(service, "undeclared exception")) == len(thrown) and self.lines(service, "undeclared exception"), "a line for each")
        for line, expected in zip(lines, thrown.values()):
            self.assertRegex(line["exception.type"], expected)
            self.assertEqual(line["tutti.handler"], "faulty.fail")
        self.assertEqual([line["exception.message"] for line in lines if "runtime" in line["exception.type"] or "Nested" in line["exception.type"]], ["the ledger is gone", "the outer one"])

    def test_one_that_overflows_its_stack_is_the_last_line_of_the_process(self):
        service = Service(PROGRAM)
        with self.assertRaisesRegex(AssertionError, "stack overflow in the fiber of faulty.recurse: its [0-9]+ KiB are used up; raise tutti.stack_bytes"):
            with service, service.connect(60) as client:
                client.sendall(b"POST /recurse/100000000 HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n")
                self.assertIsNone(status_of(client))
                service.process.wait(60)
        self.assertEqual(service.process.returncode, -signal.SIGSEGV)


class Drip(threading.Thread):
    """Sends a byte now and then on many connections until each is closed by the server; `ended` holds their last words."""

    def __init__(self, service, count, first, byte, pause=0.05):
        super().__init__()
        self.connections = [service.connect(60) for _ in range(count)]
        for connection in self.connections:
            connection.sendall(first)
            connection.setblocking(False)
        self.byte, self.pause, self.ended = byte, pause, []
        self.began = time.monotonic()
        self.start()

    def run(self):
        while self.connections and time.monotonic() < self.began + 60:
            readable, _, _ = select.select(self.connections, [], [], self.pause)
            for connection in readable:
                self.ended.append(status_of(connection))
                self.connections.remove(connection)
                connection.close()
            for connection in self.connections:
                with contextlib.suppress(OSError):
                    connection.send(self.byte)
        self.took = time.monotonic() - self.began


def rest_of(connection):
    """What comes until the other side has ended it."""
    got = bytearray()
    try:
        while part := connection.recv(65536):
            got += part
    except ConnectionResetError:
        pass
    return got


class Clients(Faults):
    def test_heads_and_bodies_that_drip_are_ended_and_disturb_nobody(self):
        service = self.serve(**{"http.header_timeout": "1s", "http.body_timeout": "1s"})
        heads = Drip(service, 100, b"GET /ping HTTP/1.1\r\nHost: a\r\nx-slow: ", b"x")
        bodies = Drip(service, 100, b"POST /block/0 HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n", b" ")
        chunks = Drip(service, 100, b"POST /block/0 HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n")
        slowest = 0
        while heads.is_alive() or bodies.is_alive() or chunks.is_alive():
            began = time.monotonic()
            self.pinged(service)
            slowest = max(slowest, time.monotonic() - began)
            time.sleep(0.01)
        print(f"ended after {heads.took:.1f} s, {bodies.took:.1f} s and {chunks.took:.1f} s; slowest ping meanwhile {slowest * 1000:.0f} ms")
        for drip in (heads, bodies, chunks):
            self.assertEqual(drip.ended, [408] * 100)
            self.assertLess(drip.took, 30)


    def test_clients_that_never_read_are_ended_and_cost_little_memory(self):
        service = self.serve(**{"http.write_timeout": "1s"})
        self.pinged(service)
        before = memory_of(service)
        silent = [service.connect(60) for _ in range(50)]
        for connection in silent:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.sendall(b"GET /items/100000 HTTP/1.1\r\nHost: a\r\n\r\n")  # 100 MB each
        until(lambda: self.open(service) > 1, "the connections")
        most = before
        while self.open(service) > 1:  # the one that asks
            most = max(most, memory_of(service))
            time.sleep(0.02)
        for connection in silent:  # each has been answered, and ended long before it was whole
            self.assertLess(len(rest_of(connection)), 100_000_000)
        print(f"50 answers of 100 MB that nobody took: {(most - before) / 2**20:.1f} MiB at most")
        self.assertLess(most - before, (200 if SANITIZED else 50) * 2**20)
        for connection in silent:
            connection.close()

    def test_connections_over_the_limit_are_told_when_to_come_again(self):
        service = self.serve(**{"http.connections_max": 100})
        kept = [service.connect(60) for _ in range(100)]
        for connection in kept:
            connection.sendall(GET)
            self.assertEqual(status_of(connection), 200)
        flood = [service.connect(60) for _ in range(1000)]
        answers = [connection.makefile("rb").read() for connection in flood]
        self.assertEqual({answer.split(b"\r\n")[0] for answer in answers}, {b"HTTP/1.1 503 Service Unavailable"})
        self.assertTrue(all(b"\r\nretry-after: 1\r\n" in answer and b"\r\nx-content-type-options: nosniff\r\n" in answer for answer in answers))
        for connection in kept:  # are served as before
            connection.sendall(GET)
            self.assertEqual(status_of(connection), 200)
        for connection in kept + flood:
            connection.close()
        until(lambda: self.answers(service), "a connection to be taken again")

    def test_closed_halves_and_resets_in_the_middle_leave_nothing_behind(self):
        service = self.serve()
        self.pinged(service)
        descriptors = len(os.listdir(f"/proc/{service.process.pid}/fd"))
        request = b"POST /block/0 HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
        for cut in range(len(request) + 1):
            with service.connect() as half, service.connect() as whole:
                half.sendall(request[:cut])
                half.shutdown(socket.SHUT_WR)
                self.assertIn(status_of(half), (200, 400) if cut == len(request) else (400, None))
                whole.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # closing is a reset
                whole.sendall(request[:cut])
        until(lambda: len(os.listdir(f"/proc/{service.process.pid}/fd")) <= descriptors, "the descriptors to be closed")
        self.pinged(service)

    @unittest.skipIf(SANITIZED, "UBSan looks at objects through a pipe, for which no descriptor is left: make check runs it")
    def test_without_descriptors_callers_wait_and_are_taken_when_there_are_some(self):
        service = self.serve(**{"http.connections_max": 1000})
        used = len(os.listdir(f"/proc/{service.process.pid}/fd"))
        self.pinged(service)
        until(lambda: len(os.listdir(f"/proc/{service.process.pid}/fd")) <= used, "the ping's descriptor to be closed")
        resource.prlimit(service.process.pid, resource.RLIMIT_NOFILE, (used + 20, used + 20))
        held = [service.connect(60) for _ in range(20)]
        for connection in held:
            connection.sendall(GET)
            self.assertEqual(status_of(connection), 200)
        waiting = [service.connect(60) for _ in range(30)]  # the kernel keeps them
        for connection in waiting:
            connection.sendall(GET)
        worked = cpu_of(service)
        self.assertEqual(select.select(waiting, [], [], 1)[0], [])
        worked = cpu_of(service) - worked
        print(f"a second without descriptors took {worked * 1000:.0f} ms of CPU")
        self.assertLess(worked, 0.3)  # it does not spin
        for connection in held:  # who has one is served
            connection.sendall(GET)
            self.assertEqual(status_of(connection), 200)
            connection.close()
        for connection in waiting:
            self.assertEqual(status_of(connection), 200)
            connection.close()
        self.pinged(service)

    def test_ten_thousand_idle_connections(self):
        _, limit = resource.getrlimit(resource.RLIMIT_NOFILE)
        count = min(10_000, limit - 1000)
        service = self.serve(**{"http.connections_max": 20_000, "http.header_timeout": "5m", "http.idle_timeout": "5m"})
        self.pinged(service)
        before = memory_of(service)
        clients = subprocess.Popen([sys.executable, __file__, str(PROGRAM.parent), "--idle", str(service.port), str(count)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.addCleanup(clients.stdout.close)
        self.addCleanup(clients.wait)
        self.addCleanup(clients.stdin.close)  # ends it
        self.assertEqual(clients.stdout.readline(), f"{count} were answered\n")
        each = (memory_of(service) - before) / count
        print(f"{count} idle connections: {each:.0f} bytes each")
        self.assertLess(each, 16 * 1024 if SANITIZED else 4 * 1024)
        began = time.monotonic()
        self.pinged(service)
        self.assertLess(time.monotonic() - began, 5)

    def open(self, service):
        """Sockets that the service has, its listener aside."""
        return sum("socket:" in target for target in targets_of(service)) - 1

    def answers(self, service):
        with contextlib.suppress(ConnectionError, http.client.HTTPException):
            return self.ask(service)[0] == 200


class Starts(Faults):
    def test_sigterm_at_any_moment_ends_the_process(self):
        """Before its handler is set the signal ends the process as it ends any; from then on it drains and exits 0."""
        began = time.monotonic()
        with Service(PROGRAM):  # which ends with 0 once it is ready
            whole = time.monotonic() - began
        codes = []
        for step in range(40):
            ports = [f"--tutti.{entry}.listen=127.0.0.1:{free_port()}" for entry in ("http", "admin", "rpc")]
            process = subprocess.Popen([PROGRAM, *ports, "--tutti.rpc.trust_network=true", "--tutti.threads=2", "--tutti.log.format=json"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            time.sleep(whole * 1.3 * step / 40)
            process.send_signal(signal.SIGTERM)
            try:
                said, _ = process.communicate(timeout=60)
            except subprocess.TimeoutExpired:
                process.kill()
                self.fail(f"hangs after SIGTERM {step}/40 of {whole:.2f} s into its start:\n{process.communicate()[0]}")
            codes.append(process.returncode)
            self.assertIn(process.returncode, (0, -signal.SIGTERM), said)
            if process.returncode != 0:
                self.assertEqual(said, "")  # it had said nothing yet, and so done nothing
        print(f"exit codes over {whole * 1300:.0f} ms: {codes}")


def targets_of(service):
    folder = f"/proc/{service.process.pid}/fd"
    targets = []
    for name in os.listdir(folder):
        with contextlib.suppress(OSError):
            targets.append(os.readlink(f"{folder}/{name}"))
    return targets


def memory_of(service):
    return int(re.search(r"VmRSS:\s+(\d+) kB", pathlib.Path(f"/proc/{service.process.pid}/status").read_text()).group(1)) * 1024


def cpu_of(service):
    fields = pathlib.Path(f"/proc/{service.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def idle_clients(port, count):
    """Opens the connections, asks once over each, and keeps them until its input ends."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    connections = []
    for _ in range(count):
        connections.append(socket.create_connection(("127.0.0.1", port), timeout=60))
        connections[-1].sendall(GET)
        if len(connections) % 100 == 0:
            assert all(status_of(connection) == 200 for connection in connections[-100:])
    print(f"{len(connections)} were answered", flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    if "--idle" in sys.argv:
        idle_clients(int(sys.argv[-2]), int(sys.argv[-1]))
    else:
        unittest.main()

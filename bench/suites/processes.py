"""What a process costs: the time until it is ready, memory when idle, per idle connection, per handler that waits, the
size of its file; and 10,000 clients over WebSockets."""
import json
import os
import signal
import socket
import statistics
import struct
import subprocess
import time

from http_cases import certificate
from measuring import LOAD_CORE, Processes, cpu_seconds, free_port, memory_kb, raise_descriptor_limit, service, settled_kb, tried

IDLE_CONNECTIONS, WAITING, WAITING_MANY, WEBSOCKETS = 10_000, 10_000, 30_000, 10_000


def start(options, program, *arguments):
    """One start, on the servers' core: (process, milliseconds until it tells the service manager that it is ready). The
    time counts from before the process is made, so Python's part of it (about half a millisecond) is in it."""
    path = os.path.join(options.folder, "ready.sock")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ready:
        ready.bind(path)
        ready.settimeout(10)
        before = os.sched_getaffinity(0)
        os.sched_setaffinity(0, {0})
        try:
            begin = time.perf_counter()
            pid = os.posix_spawn(program, [program, *arguments], dict(os.environ, NOTIFY_SOCKET=path), file_actions=QUIET)
            while not ready.recv(4096).startswith(b"READY=1"):
                pass
            taken = time.perf_counter() - begin
        finally:
            os.sched_setaffinity(0, before)
            os.unlink(path)
    return pid, taken * 1e3


QUIET = [(os.POSIX_SPAWN_OPEN, descriptor, "/dev/null", os.O_WRONLY, 0) for descriptor in (1, 2)]


def end(pid):
    os.kill(pid, signal.SIGTERM)
    os.waitpid(pid, 0)


def hello(options, tls=()):
    addresses = [f"--tutti.http.listen=127.0.0.1:{free_port()}", f"--tutti.admin.listen=127.0.0.1:{free_port()}", *tls]
    times, idle = [], []
    for _ in range(9 if options.quick else 41):
        pid, taken = start(options, options.program("hello"), *addresses)
        times.append(taken)
        if len(idle) < 3:
            time.sleep(0.3)
            idle.append(memory_kb(pid) / 1024)
        end(pid)
    return {"ready_ms": statistics.median(times), "idle_mb": statistics.median(idle)}


def stripped_mb(options):
    path = os.path.join(options.folder, "stripped")
    subprocess.run(["strip", "-o", path, options.program("hello")], check=True)
    return os.path.getsize(path) / 1e6


def answered(connection):
    answer = b""
    while not answer.endswith(b'"}'):
        piece = connection.recv(4096)
        if not piece:
            raise RuntimeError("the server closed a connection")
        answer += piece
    if not answer.startswith(b"HTTP/1.1 200"):
        raise RuntimeError(answer[:200].decode())


def opened(port, count, path, wait_for_answers):
    connections = []
    request = f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
    for _ in range(count):
        connections.append(socket.create_connection(("127.0.0.1", port)))
        connections[-1].sendall(request)
        if wait_for_answers:
            answered(connections[-1])
    return connections


def per_connection(options, path, waits):
    """Resident KiB of each of many connections whose request at `path` has been answered, or is never to be."""
    with Processes() as started:
        port = free_port()
        process = service(options, started, port, "--tutti.in_flight_max=40000", "--tutti.http.idle_timeout=600s")
        for connection in opened(port, 100, "/ping", True):
            connection.close()
        before = settled_kb(process.pid)
        connections = opened(port, IDLE_CONNECTIONS, path, not waits)
        each = (settled_kb(process.pid) - before) / len(connections)
        answered(opened(port, 1, "/ping", False)[0])  # it still works
        for connection in connections:
            connection.close()
    return each


def request(number):
    """[0, number, "bench.park", []] in MessagePack."""
    return b"\x94\x00\xce" + struct.pack(">I", number) + b"\xaabench.park\x90"


def waiting_handlers(options, count):
    """Resident KiB of each of `count` handlers that wait at once, called over one RPC connection."""
    with Processes() as started:
        port, rpc = free_port(), free_port()
        process = service(options, started, port, f"--tutti.rpc.listen=127.0.0.1:{rpc}", "--tutti.in_flight_max=40000",
                          "--tutti.rpc.in_flight_max=40000", "--tutti.fibers_max=31000")
        with socket.create_connection(("127.0.0.1", rpc)) as connection:
            connection.sendall(b"".join(request(i) for i in range(10)))
            before = settled_kb(process.pid)
            connection.sendall(b"".join(request(10 + i) for i in range(count)))
            each = (settled_kb(process.pid) - before) / count
            connection.setblocking(False)
            try:
                refusal = connection.recv(200)
                raise RuntimeError(f"a handler did not wait: {refusal}")
            except BlockingIOError:
                pass  # nobody was refused
            answered(opened(port, 1, "/ping", False)[0])
    return each


def websockets(options):
    with Processes() as started:
        port = free_port()
        process = service(options, started, port, "--tutti.websocket.ping_interval=0s")
        load = subprocess.Popen(["taskset", "-c", LOAD_CORE, options.program("websocket_load"), str(port), str(WEBSOCKETS), "10" if options.quick else "20"],
                                stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        if not load.stdout.readline():
            raise RuntimeError("the WebSockets could not be opened")
        row = {"connections": WEBSOCKETS, "server_mb": memory_kb(process.pid) / 1024}
        before = cpu_seconds(process.pid)
        told = json.loads(load.communicate("\n")[0])["broadcasts_ms"]
        row |= {"broadcast_ms": statistics.median(told), "slowest_ms": told[-1], "server_cpu_ms": (cpu_seconds(process.pid) - before) / len(told) * 1e3}
    return row


def told(value):
    return ", ".join(f"{key} {told(one)}" for key, one in value.items()) if isinstance(value, dict) else str(value) if isinstance(value, (str, int)) else f"{value:.2f}"


def run(options, wanted):
    raise_descriptor_limit()
    results = {}
    if wanted("start and memory"):
        pem, key = certificate(options)
        tls = (f"--tutti.http.tls_certificate={pem}", f"--tutti.http.tls_key={key}")
        cases = {
            "hello": lambda: hello(options),
            "hello, TLS": lambda: hello(options, tls),
            "stripped_mb": lambda: stripped_mb(options),
            "idle_connection_kib": lambda: per_connection(options, "/ping", False),
            "waiting_request_kib": lambda: per_connection(options, "/park", True),
            "waiting_handler_kib": lambda: waiting_handlers(options, WAITING),
            "waiting_handler_of_30000_kib": lambda: waiting_handlers(options, WAITING_MANY),
        }
        print()
        for name, case in cases.items():
            tried(results, name, case)
            print(f"{name}: {told(results[name])}", flush=True)
    if wanted("websockets"):
        tried(results, "websockets", lambda: websockets(options))
        print(f"{WEBSOCKETS} WebSockets: {told(results['websockets'])}", flush=True)
    return results

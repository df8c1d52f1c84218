"""HTTP: the service beside the raw epoll server, Go's net/http and nginx. The load is wrk."""
import json
import pathlib
import re
import shutil
import subprocess
import tempfile

from measuring import ROOT, Processes, Server, compare, free_port, loaded, memory_kb, print_heading, service, tried

SMALL = {"id": 17, "name": "ada", "paid": True, "lines": []}
LARGE = {"id": 17, "name": "ada", "paid": True, "lines": [{"sku": f"sku-{i}", "quantity": i, "price": i + 0.25} for i in range(22)]}

PIPELINE = """init = function(args)
  local requests = {}
  for i = 1, 16 do requests[i] = wrk.format(nil, '/ping') end
  all = table.concat(requests)
end
request = function() return all end
"""
UPLOAD = "wrk.method='PUT'; wrk.body=string.rep('x', 52428800)"


def post(body):
    text = json.dumps(body, separators=(",", ":"))
    return f"wrk.method='POST'; wrk.body=[[{text}]]; wrk.headers['Content-Type']='application/json'"


def wrk(url, script=None, connections=64):
    def load(seconds):
        command = ["wrk", "-t1", f"-c{connections}", "--latency", "--timeout", "10s", f"-d{seconds}s", url]
        with tempfile.NamedTemporaryFile("w", suffix=".lua") as file:
            if script:
                file.write(script)
                file.flush()
                command[1:1] = ["-s", file.name]
            out = loaded(command)
        if "Non-2xx" in out or "Socket errors" in out:
            raise RuntimeError(f"the load met errors:\n{out}")

        def microseconds(percent):
            number, unit = re.search(rf"{percent}%\s+([0-9.]+)(us|ms|s)", out).groups()
            return float(number) * {"us": 1, "ms": 1e3, "s": 1e6}[unit]

        requests = int(re.search(r"(\d+) requests in", out).group(1))
        return {"requests": requests, "p50_us": microseconds(50), "p99_us": microseconds(99)}

    return load


def certificate(options):
    """Of this run, for localhost: RSA 2048, as most have."""
    folder = pathlib.Path(options.folder)
    pem, key = folder / "certificate.pem", folder / "key.pem"
    if not pem.exists():
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", pem, "-days", "2", "-subj", "/CN=localhost"],
                       check=True, stderr=subprocess.DEVNULL)
    return str(pem), str(key)


class Peers:
    """One process of each server, and where it answers."""

    def __init__(self, options, started):
        self.plain, self.tls, self.pids, self.missing = {}, {}, {}, {}
        pem, key = certificate(options)
        backend = free_port()  # whom the relays ask: on the load's core, so that it does not share the servers'
        started.serve(backend, [options.program("raw_http"), str(backend)], core="1")

        def add(name, process, port, tls_port=None):
            self.pids[name], self.plain[name] = process.pid, f"http://127.0.0.1:{port}"
            if tls_port:
                self.tls[name] = f"https://127.0.0.1:{tls_port}"

        port = free_port()
        add("raw", started.serve(port, [options.program("raw_http"), str(port)]), port)
        port, tls_port = free_port(), free_port()
        target = ("--tutti.targets.backend.transport=http", f"--tutti.targets.backend.endpoints=127.0.0.1:{backend}")
        add("tutti", service(options, started, port, *target), port)
        encrypted = service(options, started, tls_port, f"--tutti.http.tls_certificate={pem}", f"--tutti.http.tls_key={key}")
        self.pids["tutti, TLS"], self.tls["tutti"] = encrypted.pid, f"https://127.0.0.1:{tls_port}"
        if program := options.program("go_http_peer"):
            port, tls_port = free_port(), free_port()
            add("go", started.serve(port, [program, str(port), str(tls_port), pem, key, f"127.0.0.1:{backend}"], {"GOMAXPROCS": "1"}), port, tls_port)
        else:
            self.missing["go"] = "go is not installed (scripts/setup bench)"
        if program := shutil.which("nginx", path="/usr/sbin:/usr/bin"):
            port, tls_port = free_port(), free_port()
            text = (ROOT / "bench/peers/nginx/nginx.conf.in").read_text()
            for word, value in {"FOLDER": options.folder, "BACKEND": f"127.0.0.1:{backend}", "PORT": port, "TLS_PORT": tls_port, "CERTIFICATE": pem, "KEY": key}.items():
                text = text.replace(f"@{word}@", str(value))
            settings = pathlib.Path(options.folder, "nginx.conf")
            settings.write_text(text)
            add("nginx", started.serve(port, [program, "-e", "stderr", "-c", str(settings)]), port, tls_port)
        else:
            self.missing["nginx"] = "nginx is not installed (scripts/setup bench)"

    def servers(self, names, path, script=None, connections=64):
        return {name: Server(self.pids[name], wrk(self.plain[name] + path, script, connections)) for name in names if name in self.plain}

    def encrypted(self, path):
        pids = {**self.pids, "tutti": self.pids["tutti, TLS"]}
        return {name: Server(pids[name], wrk(self.tls[name] + path)) for name in ("tutti", "go", "nginx") if name in self.tls}


def within_tutti(peers, path, plain="/ping"):
    """The same service twice: what the second path costs more."""
    return {"tutti": Server(peers.pids["tutti"], wrk(peers.plain["tutti"] + path)), "plain": Server(peers.pids["tutti"], wrk(peers.plain["tutti"] + plain))}


def transfer(name, peers, path, script, rounds, options):
    with open(f"/proc/{peers.pids['tutti']}/clear_refs", "w") as file:
        file.write("5")  # begins VmHWM anew
    before = memory_kb(peers.pids["tutti"])
    row = compare(name, peers.servers(("raw", "tutti", "go"), path, script, connections=1), rounds, options.seconds, not options.quick)
    row["memory_mb"] = (memory_kb(peers.pids["tutti"], "VmHWM") - before) / 1024
    print(f"{'':30} memory for it: {row['memory_mb']:.1f} MB", flush=True)
    return row


def run(options, wanted):
    results = {}
    everybody, codecs = ("raw", "tutti", "go", "nginx"), ("raw", "tutti", "go")
    others = 1 if options.quick else options.rounds  # the cases that QUICK=1 gives less time
    with Processes() as started:
        peers = Peers(options, started)
        for name, why in peers.missing.items():
            print(f"{name} is left out: {why}")
        cases = {
            "ping": lambda name: compare(name, peers.servers(everybody, "/ping"), options.rounds, options.seconds),
            "echo 56 B": lambda name: compare(name, peers.servers(codecs, "/echo", post(SMALL)), options.rounds, options.seconds, not options.quick),
            "echo 1 KB": lambda name: compare(name, peers.servers(codecs, "/echo", post(LARGE)), options.rounds, options.seconds, not options.quick),
            "ping, 16 pipelined": lambda name: compare(name, peers.servers(everybody, "/ping", PIPELINE), options.rounds, options.seconds, not options.quick),
            "path and query": lambda name: compare(name, peers.servers(codecs, "/items/sku-17?limit=25&sort=price"), others, options.seconds, not options.quick),
            "ping over TLS": lambda name: compare(name, peers.encrypted("/ping"), others, options.seconds, not options.quick),
            "upload 50 MB": lambda name: transfer(name, peers, "/upload", UPLOAD, others, options),
            "download 50 MB": lambda name: transfer(name, peers, "/download", None, others, options),
            "asks another service": lambda name: compare(name, peers.servers(("tutti", "go", "nginx"), "/relay"), others, options.seconds, not options.quick),
            "waits once": lambda name: compare(name, within_tutti(peers, "/pause"), options.rounds, options.seconds, not options.quick),
            "a deadline set and cancelled": lambda name: compare(name, within_tutti(peers, "/hurry"), options.rounds, options.seconds, not options.quick),
        }
        cases = {name: case for name, case in cases.items() if wanted(name)}
        if cases:
            print_heading("HTTP, 64 connections")
        for name, case in cases.items():
            tried(results, name, lambda: case(name))
    return results

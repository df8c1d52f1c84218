"""How everything here is measured: servers pinned to one core and loads to another, CPU time of the server's process per
request, servers alternating within each round, medians over the rounds."""
import dataclasses
import glob
import os
import pathlib
import re
import resource
import signal
import socket
import statistics
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
SERVER_CORE, LOAD_CORE = "0", "1"


@dataclasses.dataclass
class Options:
    quick: bool
    bin: str
    folder: str  # for sockets, certificates, configurations; goes at the end
    rounds: int
    seconds: int

    def program(self, name):
        """The path, or None if this build has none."""
        path = pathlib.Path(self.bin) / name
        return str(path) if path.exists() else None


@dataclasses.dataclass
class Server:
    pid: int
    load: object  # seconds -> {"requests": ..., "p50_us": ..., "p99_us": ...}


def cpu_seconds(pid):
    """On a CPU, of all threads."""
    total = 0
    for path in glob.glob(f"/proc/{pid}/task/*/schedstat"):
        with open(path) as file:
            total += int(file.read().split()[0])
    return total / 1e9


def memory_kb(pid, what="VmRSS"):
    with open(f"/proc/{pid}/status") as file:
        return int(re.search(rf"{what}:\s+(\d+)", file.read()).group(1))


def settled_kb(pid):
    """Resident memory, once it no longer changes."""
    before, same = memory_kb(pid), 0
    while same < 4:
        time.sleep(0.1)
        now = memory_kb(pid)
        same = same + 1 if abs(now - before) < 16 else 0
        before = now
    return before


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def raise_descriptor_limit():
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def loaded(command):
    run = subprocess.run(["taskset", "-c", LOAD_CORE, *command], stdout=subprocess.PIPE, text=True)
    if run.returncode != 0:
        raise RuntimeError(f"the load {' '.join(command[:1])} failed with {run.returncode}: {run.stdout[-300:]}")
    return run.stdout


def tried(results, name, case):
    """What the case gives, into `results`. A case that fails is told and left out; the others go on."""
    try:
        results[name] = case()
    except (RuntimeError, OSError, subprocess.SubprocessError, ZeroDivisionError) as error:
        results[name] = {"failed": str(error)}
        print(f"{name}: FAILED: {error}", flush=True)


class Processes:
    """Started here, ended here. `with Processes() as started: started.serve(port, command)`."""

    def __init__(self):
        self.running = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in self.running:
            process.send_signal(signal.SIGTERM)
        for process in self.running:
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def serve(self, port, command, environment=None, core=SERVER_CORE):
        """The process once it accepts connections."""
        process = subprocess.Popen(["taskset", "-c", core, *command], env=dict(os.environ, **(environment or {})), stdout=subprocess.DEVNULL)
        self.running.append(process)
        for _ in range(1000):
            if process.poll() is not None:
                break
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    return process
            time.sleep(0.01)
        sys.exit(f"{command[0]} did not begin to serve on port {port}")


def service(options, started, port, *arguments):
    """The service under test, over HTTP there; what is told with `arguments` counts."""
    return started.serve(port, [options.program("bench_service"), f"--tutti.http.listen=127.0.0.1:{port}", "--tutti.admin.listen=off", "--tutti.log.access=off",
                                *arguments])


def quotient(own, other):
    return own / other if other else 0  # wrk gives no latencies of some requests


def compare(name, servers, rounds, seconds, warm_up=True):
    """One case. All of `servers` in each round, one after the other; `ratios` are tutti's figures by another's."""
    seen = {server: [] for server in servers}
    for turn in range(rounds + 1 if warm_up else rounds):
        for server, one in servers.items():
            before = cpu_seconds(one.pid)
            result = one.load(seconds)
            result["cpu_us"] = (cpu_seconds(one.pid) - before) / result["requests"] * 1e6
            result["per_second"] = result["requests"] / seconds
            if turn or not warm_up:
                seen[server].append(result)
    row = {"servers": {s: {key: statistics.median(r[key] for r in results) for key in ("cpu_us", "per_second", "p50_us", "p99_us")} for s, results in seen.items()},
           "ratios": {s: {key: statistics.median(quotient(own[key], other[key]) for own, other in zip(seen["tutti"], results)) for key in ("cpu_us", "p50_us", "p99_us")}
                      for s, results in seen.items() if s != "tutti"}}
    print_case(name, row)
    return row


def print_heading(what):
    print(f"\n{what:30} {'server':12} {'CPU us':>10} {'tutti by it':>11} {'per second':>11} {'p50 us':>9} {'p99 us':>9}", flush=True)


def print_case(name, row):
    for server, seen in row["servers"].items():
        ratio = row["ratios"].get(server)
        print(f"{name:30} {server:12} {seen['cpu_us']:10.2f} {ratio['cpu_us'] if ratio else 1:11.3f} {seen['per_second']:11.0f} {seen['p50_us']:9.0f} {seen['p99_us']:9.0f}", flush=True)
        name = ""

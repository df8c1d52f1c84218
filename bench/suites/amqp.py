"""The embedded broker beside RabbitMQ (bench/broker/measure), and calls over RabbitMQ: the library beside librabbitmq on
both sides, and kombu on Nameko's pattern."""
import json
import os
import statistics
import subprocess
import sys
import time

from measuring import LOAD_CORE, ROOT, SERVER_CORE, cpu_seconds, tried

IN_FLIGHT = 32
DEBIAN_PYTHON = ["/usr/bin/python3", "-W", "ignore::ResourceWarning", str(ROOT / "bench/load/nameko_rpc.py")]


def brokers(options):
    path = os.path.join(options.folder, "brokers.json")
    command = [str(ROOT / "bench/broker/measure"), "--bin", options.bin, "--json", path, *(["--quick"] if options.quick else [])]
    print(flush=True)
    subprocess.run(command, timeout=900)  # its own limits are among the goals here
    if not os.path.exists(path):
        raise RuntimeError("bench/broker/measure gave no figures")
    with open(path) as file:
        return json.load(file)


def rabbitmq():
    """RabbitMQ, started for this; None, and the reason printed, where it cannot."""
    sys.path.insert(0, str(ROOT / "tests/bus"))
    from brokers import RABBITMQ, RabbitMQ
    if not RABBITMQ.exists():
        print("\ncalls over RabbitMQ are left out: rabbitmq-server is not installed (scripts/setup bench)")
        return None
    try:
        return RabbitMQ()
    except (AssertionError, OSError) as error:
        print(f"\ncalls over RabbitMQ are left out: it does not start here: {str(error)[-300:]}")
        return None


def calls(options):
    broker, services = rabbitmq(), []
    if not broker:
        return None
    try:
        port = str(broker.port)
        uri = f"--tutti.broker.uri=amqp://127.0.0.1:{port}"

        def serve(command):
            services.append(subprocess.Popen(["taskset", "-c", SERVER_CORE, *command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
            return services[-1]

        rounds, seconds = (2, 1) if options.quick else (5, 3)
        raw, own = options.program("raw_amqp_rpc"), options.program("amqp_rpc_load")
        kinds = {
            "raw": (serve([raw, "service", port]), [raw, "client", port, str(IN_FLIGHT), str(seconds)]),
            "tutti": (serve([options.program("bench_service"), uri, "--tutti.rpc.amqp=true", "--tutti.http.listen=off", "--tutti.admin.listen=off", "--tutti.log.access=off"]),
                      [own, uri, "--tutti.targets.bench.transport=amqp"]),
            "kombu": (serve([*DEBIAN_PYTHON, "service", port]), [*DEBIAN_PYTHON, "client", port, str(IN_FLIGHT), str(seconds)]),
        }
        time.sleep(2)  # their queues are there; the first round warms up
        environment = dict(os.environ, LOAD_IN_FLIGHT=str(IN_FLIGHT), LOAD_SECONDS=str(seconds))
        seen = {kind: [] for kind in kinds}
        for turn in range(rounds + 1):
            for kind, (service, command) in kinds.items():
                before, children = cpu_seconds(service.pid), os.times()
                out = subprocess.run(["taskset", "-c", LOAD_CORE, *command], env=environment, stdout=subprocess.PIPE, text=True, check=True).stdout
                after = os.times()
                result = json.loads(out.splitlines()[-1])
                client = after.children_user + after.children_system - children.children_user - children.children_system
                if turn:
                    seen[kind].append({"per_second": result["calls"] / seconds, "cpu_us": (client + cpu_seconds(service.pid) - before) / result["calls"] * 1e6,
                                       "p50_us": result["p50_us"], "p99_us": result["p99_us"]})
    finally:
        for service in services:
            service.kill()
            service.wait()
        broker.end()
    row = {kind: {key: statistics.median(r[key] for r in results) for key in results[0]} for kind, results in seen.items()}
    row["rate"] = statistics.median(t["per_second"] / r["per_second"] for t, r in zip(seen["tutti"], seen["raw"]))
    row["cpu"] = statistics.median(t["cpu_us"] / r["cpu_us"] for t, r in zip(seen["tutti"], seen["raw"]))
    row["kombu_rate"] = statistics.median(t["per_second"] / r["per_second"] for t, r in zip(seen["tutti"], seen["kombu"]))
    print(f"\ncalls over RabbitMQ, {IN_FLIGHT} in flight: {row['tutti']['per_second']:.0f}/s, {row['rate']:.2f} of librabbitmq's rate; "
          f"{row['tutti']['cpu_us']:.0f} us of CPU a call, client and service, {row['cpu']:.2f} of librabbitmq's {row['raw']['cpu_us']:.0f}; "
          f"{row['kombu_rate']:.1f} times the rate of kombu on Nameko's pattern, {row['kombu']['per_second']:.0f}/s", flush=True)
    return row


def run(options, wanted):
    results = {}
    if wanted("broker"):
        tried(results, "broker", lambda: brokers(options))
    if wanted("amqp calls"):
        tried(results, "amqp calls", lambda: calls(options))
    return results

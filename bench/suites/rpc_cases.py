"""RPC: the service beside a server that sends each MessagePack-RPC message back as it came, and gRPC C++."""
import json
import os

from measuring import Processes, Server, compare, free_port, loaded, print_heading, service, tried

# Name, connections, calls in flight on each.
CASES = [("1 in flight", 1, 1), ("64 in flight on one", 1, 64), ("64 connections x 1", 64, 1)]
GRPC = ("queue", "callback")  # its two interfaces


def load(program, place, connections, in_flight):
    def run(seconds):
        out = json.loads(loaded([program, place, str(connections), str(in_flight), str(seconds)]))
        return {"requests": out["calls"], "p50_us": out["p50_us"], "p99_us": out["p99_us"]}

    return run


def with_best_grpc(row):
    """`grpc`: of its two interfaces the one that is better in this case."""
    kinds = [ratio for name, ratio in row["ratios"].items() if name.startswith("grpc ")]
    if kinds:
        row["ratios"]["grpc"] = {key: max(kind[key] for kind in kinds) for key in kinds[0]}
    return row


def run(options, wanted):
    results = {}
    names = {f"rpc {name}, {way}": (way, connections, in_flight) for way in ("TCP", "Unix") for name, connections, in_flight in CASES}
    names = {name: case for name, case in names.items() if wanted(name)}
    if not names:
        return results
    with Processes() as started:
        pids, places = {}, {}
        port, path = free_port(), os.path.join(options.folder, "raw.sock")
        pids["raw"], places["raw"] = started.serve(port, [options.program("raw_rpc"), str(port), path]).pid, (str(port), path)
        for way in (0, 1):  # a service has one RPC listener
            port, http = free_port(), free_port()
            place = (f"127.0.0.1:{port}", f"unix:{options.folder}/tutti.sock")[way]
            process = service(options, started, http, f"--tutti.rpc.listen={place}")
            pids["tutti", way], places["tutti", way] = process.pid, (str(port), f"{options.folder}/tutti.sock")[way]
        if options.program("grpc_echo"):
            for kind in GRPC:
                port, path = free_port(), os.path.join(options.folder, f"grpc-{kind}.sock")
                process = started.serve(port, [options.program("grpc_echo"), kind, f"127.0.0.1:{port}", f"unix:{path}"])
                pids[kind], places[kind] = process.pid, (f"127.0.0.1:{port}", f"unix:{path}")
        else:
            print("gRPC is left out: it is not installed (scripts/setup bench)")
        print_heading("RPC echo")
        for name, (way, connections, in_flight) in names.items():
            at = ("TCP", "Unix").index(way)
            own = options.program("rpc_load")
            servers = {"raw": Server(pids["raw"], load(own, places["raw"][at], connections, in_flight)),
                       "tutti": Server(pids["tutti", at], load(own, places["tutti", at], connections, in_flight))}
            for kind in GRPC:
                if kind in pids:
                    servers[f"grpc {kind}"] = Server(pids[kind], load(options.program("grpc_load"), places[kind][at], connections, in_flight))
            tried(results, name, lambda: with_best_grpc(compare(name, servers, options.rounds, 0.3 if options.quick else options.seconds)))
    return results

"""What the figures must reach: each goal beside what was measured. A figure past its goal is told as not met; one past its
limit makes the run fail: something has become worse. A limit is raised only by a commit that says why."""
import dataclasses


@dataclasses.dataclass
class Goal:
    text: str
    place: str  # in the results, its parts separated by "/"
    at_most: float = None
    at_least: float = None
    limit: float = None  # where the run fails; None: never

    def met(self, value):
        return value <= self.at_most if self.at_most is not None else value >= self.at_least

    def broken(self, value):
        if self.limit is None:
            return False
        return value > self.limit if self.at_most is not None else value < self.limit


def cpu(case, other):
    return f"{case}/ratios/{other}/cpu_us"


def p50(case, other):
    return f"{case}/ratios/{other}/p50_us"


def times(size, what, other):
    return f"codecs/{size}/{what}/{other}/times"


GOALS = [
    Goal("HTTP ping: CPU by raw", cpu("ping", "raw"), at_most=1.10, limit=1.15),
    Goal("HTTP echo 56 B: CPU by raw", cpu("echo 56 B", "raw"), at_most=1.10, limit=1.15),
    Goal("HTTP echo 1 KB: CPU by raw", cpu("echo 1 KB", "raw"), at_most=1.12, limit=1.15),
    Goal("HTTP 16 pipelined pings: CPU by raw", cpu("ping, 16 pipelined", "raw"), at_most=1.8),
    Goal("HTTP ping: CPU by Go's", cpu("ping", "go"), at_most=0.45, limit=0.55),
    Goal("HTTP echo 56 B: CPU by Go's", cpu("echo 56 B", "go"), at_most=0.45, limit=0.55),
    Goal("HTTP echo 1 KB: CPU by Go's", cpu("echo 1 KB", "go"), at_most=0.25, limit=0.30),
    Goal("HTTP ping: CPU by nginx's return 200", cpu("ping", "nginx"), at_most=1.0, limit=1.1),
    Goal("a handler that waits once: CPU by one that does not", cpu("waits once", "plain"), at_most=1.08, limit=1.2),
    Goal("a deadline set and cancelled: CPU by one without", cpu("a deadline set and cancelled", "plain"), at_most=1.02, limit=1.1),
    Goal("TLS ping: CPU by nginx's", cpu("ping over TLS", "nginx"), at_most=1.15, limit=1.3),
    Goal("upload of 50 MB: CPU by raw", cpu("upload 50 MB", "raw"), at_most=1.2),
    Goal("upload of 50 MB: memory for it, MB", "upload 50 MB/memory_mb", at_most=4),
    Goal("download of 50 MB: CPU by raw", cpu("download 50 MB", "raw"), at_most=1.2),
    Goal("download of 50 MB: memory for it, MB", "download 50 MB/memory_mb", at_most=4),
    Goal("RPC 64 in flight on one, TCP: CPU by raw", cpu("rpc 64 in flight on one, TCP", "raw"), at_most=1.9, limit=2.2),
    Goal("RPC 64 in flight on one, Unix: CPU by raw", cpu("rpc 64 in flight on one, Unix", "raw"), at_most=1.9),
    Goal("RPC 64 in flight on one, TCP: CPU by gRPC's", cpu("rpc 64 in flight on one, TCP", "grpc"), at_most=1 / 15, limit=0.1),
    Goal("RPC 64 in flight on one, Unix: CPU by gRPC's", cpu("rpc 64 in flight on one, Unix", "grpc"), at_most=1 / 15),
    Goal("RPC 64 connections x 1, TCP: CPU by raw", cpu("rpc 64 connections x 1, TCP", "raw"), at_most=1.12),
    Goal("RPC 64 connections x 1, Unix: CPU by raw", cpu("rpc 64 connections x 1, Unix", "raw"), at_most=1.3),
    Goal("RPC 64 connections x 1, TCP: CPU by gRPC's", cpu("rpc 64 connections x 1, TCP", "grpc"), at_most=0.35, limit=0.45),
    Goal("RPC 64 connections x 1, Unix: CPU by gRPC's", cpu("rpc 64 connections x 1, Unix", "grpc"), at_most=0.35),
    Goal("RPC 1 in flight, TCP: p50 by raw", p50("rpc 1 in flight, TCP", "raw"), at_most=1.05),
    Goal("RPC 1 in flight, TCP: p50 by gRPC's", p50("rpc 1 in flight, TCP", "grpc"), at_most=0.70),
    Goal("RPC 1 in flight, Unix: p50 by raw", p50("rpc 1 in flight, Unix", "raw"), at_most=1.05),
    Goal("RPC 1 in flight, Unix: p50 by gRPC's", p50("rpc 1 in flight, Unix", "grpc"), at_most=0.70),
    *(goal for size in ("small", "1 KB", "20 KB") for goal in (
        Goal(f"JSON decode, {size}: simdjson by hand takes, times tutti's", times(size, "json decode", "simdjson by hand"), at_least=1 / 1.15),
        Goal(f"JSON decode, {size}: Boost.JSON takes, times tutti's", times(size, "json decode", "Boost.JSON"), at_least=2.4),
        Goal(f"JSON decode, {size}: nlohmann takes, times tutti's", times(size, "json decode", "nlohmann"), at_least=7),
        Goal(f"JSON encode, {size}: Boost.JSON takes, times tutti's", times(size, "json encode", "Boost.JSON"), at_least=2.2),
        Goal(f"MessagePack decode, {size}: msgpack-cxx takes, times tutti's", times(size, "msgpack decode", "msgpack-cxx"), at_least=5),
    )),
    Goal("MessagePack encode, small: msgpack-cxx takes, times tutti's", times("small", "msgpack encode", "msgpack-cxx"), at_least=1.0),
    Goal("MessagePack encode, 1 KB: msgpack-cxx takes, times tutti's", times("1 KB", "msgpack encode", "msgpack-cxx"), at_least=1 / 1.3),
    Goal("fiber: spawn, run, return, ns", "fibers/spawn", at_most=15, limit=30),
    Goal("a waiting handler, KiB", "waiting_handler_kib", at_most=8, limit=10),
    Goal("a waiting handler of 30,000, KiB", "waiting_handler_of_30000_kib", at_most=8, limit=10),
    Goal("a waiting handler with connection and request, KiB", "waiting_request_kib", at_most=14, limit=18),
    Goal("hello: ready, ms", "hello/ready_ms", at_most=5),
    Goal("hello with TLS: ready, ms", "hello, TLS/ready_ms", at_most=10),
    Goal("hello: idle, MB", "hello/idle_mb", at_most=8, limit=10),
    Goal("hello with TLS: idle, MB", "hello, TLS/idle_mb", at_most=14, limit=16),
    Goal("an idle connection, KiB", "idle_connection_kib", at_most=4, limit=6),
    Goal("10,000 WebSockets, MB", "websockets/server_mb", at_most=200, limit=200),
    Goal("a broadcast to 10,000 WebSockets: CPU, ms", "websockets/server_cpu_ms", at_most=150, limit=150),
    *(goal for case, most in (("persistent", 0.15), ("persistent, consumer", 0.15), ("transient", 0.28), ("transient, consumer", 0.28)) for goal in (
        Goal(f"broker, {case}: CPU by RabbitMQ's", f"broker/{case}/cpu", at_most=most, limit=most),
        Goal(f"broker, {case}: rate by RabbitMQ's", f"broker/{case}/rate", at_least=2),
        Goal(f"broker, {case}: mean time to a confirm by RabbitMQ's", f"broker/{case}/mean", at_most=0.5),
    )),
    Goal("calls over RabbitMQ: rate by librabbitmq's", "amqp calls/rate", at_least=0.8, limit=0.7),
    Goal("calls over RabbitMQ: CPU by librabbitmq's", "amqp calls/cpu", at_most=1.5, limit=1.7),
]


def found(results, place):
    for part in place.split("/"):
        if not isinstance(results, dict) or part not in results:
            return None
        results = results[part]
    return results


def judged(results):
    """One row a goal that was measured, in a form for JSON."""
    rows = []
    for goal in GOALS:
        value = found(results, goal.place)
        if value is not None:
            bound = {"at_most": goal.at_most} if goal.at_most is not None else {"at_least": goal.at_least}
            rows.append({"goal": goal.text, **bound, "limit": goal.limit, "measured": value, "met": goal.met(value), "broken": goal.broken(value)})
    return rows


def print_table(rows):
    print(f"\n{'goal':62} {'wanted':>9} {'measured':>9}")
    for row in rows:
        wanted = f"<= {row['at_most']:.3g}" if "at_most" in row else f">= {row['at_least']:.3g}"
        print(f"{row['goal']:62} {wanted:>9} {row['measured']:9.3f}  {'met' if row['met'] else 'NOT MET'}{', past its limit' if row['broken'] else ''}")
    print(f"{sum(row['met'] for row in rows)} of {len(rows)} goals met", flush=True)

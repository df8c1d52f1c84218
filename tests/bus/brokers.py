"""The two brokers that the tests of this folder run against, each as a child process with a folder of its own."""
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time

RABBITMQ = pathlib.Path("/usr/lib/rabbitmq/bin/rabbitmq-server")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def until(condition, what, seconds=60):
    end = time.monotonic() + seconds
    while not (result := condition()):
        if time.monotonic() > end:
            raise AssertionError("not within %d s: %s" % (seconds, what() if callable(what) else what))
        time.sleep(0.02)
    return result


def greets(port):
    """Whether an AMQP server answers there."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as s:
            s.sendall(b"AMQP\0\0\x09\x01")
            return len(s.recv(16)) > 0
    except OSError:
        return False


class Cutter:
    """Between clients and a broker: each connection ends after a number of bytes, wherever in a frame that is, and the next
    may have more. `through()` ends the cutting."""

    def __init__(self, port, first, more):
        self.target, self.left, self.more, self.cuts = port, first, more, 0
        self.open = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def through(self):
        self.left = None

    def cut(self):
        """What is connected now."""
        for side in self.open:
            self.shut(side)

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
                broker = socket.create_connection(("127.0.0.1", self.target))
            except OSError:
                return
            self.open += [client, broker]
            budget = [self.left]
            if self.left is not None:
                self.left += self.more
            for source, sink in ((client, broker), (broker, client)):
                threading.Thread(target=self.carry, args=(source, sink, budget), daemon=True).start()

    def carry(self, source, sink, budget):
        try:
            while data := source.recv(65536):
                if budget[0] is not None:
                    data = data[:budget[0]]
                    budget[0] -= len(data)
                sink.sendall(data)
                if budget[0] == 0:
                    self.cuts += 1
                    break
        except OSError:
            pass
        for side in (source, sink):
            self.shut(side)

    def shut(self, side):
        try:
            side.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    def end(self):
        self.listener.close()


class Broker:
    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp())
        self.port = free_port()
        self.process = None
        self.start()

    def start(self):
        with open(self.folder / "log", "ab") as log:
            self.process = subprocess.Popen(self.command(), env=self.environment(), cwd=self.folder, stdin=subprocess.DEVNULL,
                                            stdout=log, stderr=log, start_new_session=True)
        until(lambda: greets(self.port) or self.process.poll() is not None, "the broker is ready", 120)
        if self.process.poll() is not None:
            raise AssertionError((self.folder / "log").read_text())

    def kill(self):
        """At once, with all processes of its session: they are this test's own."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def end(self):
        if self.process.poll() is None:
            self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


class Embedded(Broker):
    def __init__(self, tutti):
        self.tutti = tutti
        super().__init__()

    def command(self):
        return [self.tutti, "broker", "--listen", "127.0.0.1:%d" % self.port, "--data", str(self.folder / "data")]

    def environment(self):
        return dict(os.environ)


class RabbitMQ(Broker):
    """With a node name, ports and a name server (epmd) of its own, so that it disturbs no other."""

    def __init__(self):
        self.distribution, self.names = free_port(), free_port()
        super().__init__()

    def command(self):
        (self.folder / "home").mkdir(exist_ok=True)
        (self.folder / "rabbitmq.conf").write_text("listeners.tcp.default = 127.0.0.1:%d\n" % self.port)
        (self.folder / "enabled_plugins").write_text("[].\n")
        return [str(RABBITMQ)]

    def environment(self):
        of = str(self.folder) + "/"
        return dict(os.environ, HOME=of + "home", RABBITMQ_NODENAME="bus%d@localhost" % self.port, RABBITMQ_MNESIA_BASE=of + "mnesia",
                    RABBITMQ_LOG_BASE=of + "logs", RABBITMQ_CONFIG_FILE=of + "rabbitmq", RABBITMQ_PID_FILE=of + "pid",
                    RABBITMQ_ENABLED_PLUGINS_FILE=of + "enabled_plugins", RABBITMQ_DIST_PORT=str(self.distribution),
                    ERL_EPMD_PORT=str(self.names), ERL_EPMD_ADDRESS="127.0.0.1")

    def end(self):
        if self.process.poll() is None:
            self.kill()
        # Its own name server stays behind otherwise; asked by its port.
        until(lambda: subprocess.run(["epmd", "-kill"], env=self.environment(), capture_output=True).returncode == 0, "epmd ends", 30)
        super().end()

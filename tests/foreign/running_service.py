"""A service binary as a child process on free ports, for the scripts of this folder."""
import os
import pathlib
import signal
import socket
import subprocess
import tempfile
import time


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Service:
    """Runs `binary` with the library's settings as flags ("http.idle_timeout": "1s") and its own in `settings` ("wire.keys": "keys.json");
    stopped and checked at the end."""

    def __init__(self, binary, settings=None, **library):
        self.binary = pathlib.Path(binary).resolve()
        self.settings = {**{f"tutti.{key}": value for key, value in library.items()}, **(settings or {})}
        self.folder = None

    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory()
        self.port = free_port()
        self.log = open(pathlib.Path(self.folder.name) / "log", "w+b")
        flags = {"tutti.http.listen": f"127.0.0.1:{self.port}", "tutti.admin.listen": "off", "tutti.log.format": "json", "tutti.log.access": "off", **self.settings}
        self.process = subprocess.Popen([self.binary] + [f"--{key}={value}" for key, value in flags.items()],
                                        stdout=self.log, stderr=subprocess.STDOUT, cwd=self.folder.name, env={"PATH": os.environ["PATH"]})
        until = time.monotonic() + 30
        while '"message":"ready"' not in self.text():  # all its listeners are there
            if self.process.poll() is not None or time.monotonic() > until:
                raise AssertionError(f"{self.binary} does not serve:\n{self.text()}")
            time.sleep(0.01)
        return self

    def connect(self, timeout=5):
        return socket.create_connection(("127.0.0.1", self.port), timeout=timeout)

    def text(self):
        return pathlib.Path(self.log.name).read_text(errors="replace")

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()

    def __exit__(self, *_):
        code = self.process.returncode if self.process.poll() is not None else self.stop()
        text = self.text()
        self.log.close()
        self.folder.cleanup()
        assert code == 0, f"{self.binary} ended with {code}:\n{text}"

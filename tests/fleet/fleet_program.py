"""The program `tutti` over small fleets of shell scripts in a folder of their own: what the tests of this folder share."""
import glob
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

TUTTI = os.path.abspath(sys.argv.pop(1))


def until(condition, what, seconds=30):
    """Waits for the condition; `what` may be a function, so that it tells the state at the end."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise AssertionError("not within %d s: %s" % (seconds, what() if callable(what) else what))
        time.sleep(0.02)


def text_of(path):
    with open(path, errors="replace") as f:
        return f.read()


def alive(pid):
    try:
        return text_of("/proc/%d/stat" % pid).rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


class Fleet(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.folder = tempfile.mkdtemp()
        self.runtime = self.path("run")
        os.mkdir(self.runtime)
        self.environment = {k: v for k, v in os.environ.items() if not k.startswith("COMPOSE_")}
        self.environment["XDG_RUNTIME_DIR"] = self.runtime
        self.running = []

    def tearDown(self):
        for process in self.running:
            if process.poll() is None:
                process.kill()
            process.wait()
        # The guardian of a killed tutti clears up before the folder goes.
        until(lambda: os.listdir(self.runtime) == [], "the runtime folder is empty")
        shutil.rmtree(self.folder, ignore_errors=True)

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, text):
        with open(self.path(name), "w") as f:
            f.write(text)

    def up(self, text=None, *words, stdout=None, stderr=None, **others):
        """Starts the fleet; what it prints goes to the file `log` unless stdout is given."""
        if text is not None:
            self.write("compose.yaml", text)
        with open(self.path("log"), "ab") as log:
            process = subprocess.Popen([TUTTI, "up", "--data", "data", "--ready-file", "ready", *words], cwd=self.folder,
                                       stdout=stdout or log, stderr=stderr or log, env=self.environment, **others)
        self.running.append(process)
        return process

    def run_tutti(self, *words, **others):
        return subprocess.run([TUTTI, *words], cwd=self.folder, env=self.environment, capture_output=True, text=True,
                              timeout=60, **others)

    def ended(self, process, seconds=30):
        try:
            return process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError("tutti still runs; it printed:\n" + self.printed())

    def stopped(self, process):
        process.send_signal(signal.SIGTERM)
        return self.ended(process)

    def printed(self):
        return text_of(self.path("log"))

    def until_printed(self, pattern, seconds=30):
        until(lambda: re.search(pattern, self.printed()), lambda: pattern + " in:\n" + self.printed(), seconds)
        return re.search(pattern, self.printed())

    def until_ready(self):
        until(lambda: os.path.exists(self.path("ready")), lambda: "ready; printed:\n" + self.printed())

    def until_written(self, name):
        until(lambda: os.path.exists(self.path(name)) and text_of(self.path(name)).endswith("\n"),
              lambda: name + " is written; printed:\n" + self.printed())
        return text_of(self.path(name))

    def targets(self, service, transport):
        """The endpoints of the service in the watched file."""
        file, = glob.glob(self.runtime + "/tutti-*/endpoints.json")
        return [target for group in json.loads(text_of(file)) for target in group["targets"]
                if group["labels"] == {"service": service, "transport": transport}]

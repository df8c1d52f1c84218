"""The program `tutti broker` on a free port in a folder of its own: what the tests of this folder share."""
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

TUTTI = os.path.abspath(sys.argv.pop(1))


def until(condition, what, seconds=30):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise AssertionError("not within %d s: %s" % (seconds, what() if callable(what) else what))
        time.sleep(0.01)


class BrokerProgram(unittest.TestCase):
    maxDiff = None
    words = ()
    environment = {}

    def setUp(self):
        self.folder = tempfile.mkdtemp()
        self.process = None
        self.start()

    def tearDown(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        with open(self.path("log")) as log:
            said = log.read()
        shutil.rmtree(self.folder, ignore_errors=True)
        # A sanitizer's report comes here.
        self.assertNotIn("ERROR", said, said)
        self.assertNotIn("runtime error", said, said)

    def path(self, name):
        return os.path.join(self.folder, name)

    def broker(self):
        with open(self.path("log"), "ab") as log:
            return subprocess.Popen(
                [TUTTI, "broker", "--listen", "127.0.0.1:0", "--ready-file", self.path("ready"), *self.words],
                cwd=self.folder, stdout=log, stderr=log, env={**os.environ, **self.environment})

    def start(self):
        self.process = self.broker()
        until(lambda: os.path.exists(self.path("ready")) or self.process.poll() is not None, "the broker is ready")
        with open(self.path("ready")) as f:
            self.port = int(f.read().rsplit(":", 1)[1])

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.assertEqual(self.process.wait(30), 0)

"""Clients that are neither ours nor Python: Node's amqplib, and librabbitmq by its tools. With RabbitMQ in the place of the
embedded broker they show that the expectations are RabbitMQ's. Arguments: embedded or rabbitmq, the program tutti."""
import pathlib
import shutil
import subprocess
import sys
import unittest

TESTS = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(TESTS / "bus"))
from brokers import RABBITMQ, Embedded, RabbitMQ  # noqa: E402

KIND, TUTTI = sys.argv[1], str(pathlib.Path(sys.argv[2]).resolve())
del sys.argv[1:3]
FOREIGN = TESTS / "foreign"

if KIND == "rabbitmq" and not RABBITMQ.exists():
    print("skipped: rabbitmq-server is not installed")
    sys.exit(77)


class ForeignClients(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.broker = Embedded(TUTTI) if KIND == "embedded" else RabbitMQ()
        cls.addClassCleanup(cls.broker.end)
        cls.uri = "amqp://guest:guest@127.0.0.1:%d" % cls.broker.port

    def run_client(self, *words, **more):
        run = subprocess.run(words, capture_output=True, timeout=200, **more)
        self.assertEqual(run.returncode, 0, "%s\n%s\n%s" % (words, run.stdout.decode(), run.stderr.decode()))
        return run.stdout.decode()

    @unittest.skipUnless(shutil.which("node") and (FOREIGN / "node_modules/amqplib").exists(), "node or its package amqplib is not installed")
    def test_node_amqplib(self):
        self.assertIn("# fail 0\n", self.run_client("node", str(FOREIGN / "amqplib_check.cjs"), self.uri))

    @unittest.skipUnless(shutil.which("amqp-publish"), "amqp-tools is not installed")
    def test_librabbitmq(self):
        at = ("-u", self.uri)
        self.assertEqual(self.run_client("amqp-declare-queue", *at, "-q", "tools", "-d"), "tools\n")
        for body in ("first", "second", "third"):
            self.run_client("amqp-publish", *at, "-r", "tools", "-p", "-C", "text/plain", "-b", body)

        self.assertEqual(self.run_client("amqp-get", *at, "-q", "tools"), "first")
        self.assertEqual(self.run_client("amqp-consume", *at, "-q", "tools", "-c", "2", "-p", "1", "cat"), "secondthird")
        self.assertEqual(subprocess.run(["amqp-get", *at, "-q", "tools"], timeout=60).returncode, 2)  # empty

        self.run_client("amqp-publish", *at, "-r", "tools", input=b"x" * 1_000_000)
        self.assertIn("1\n", self.run_client("amqp-delete-queue", *at, "-q", "tools"))
        refused = subprocess.run(["amqp-get", *at, "-q", "tools"], capture_output=True, text=True, timeout=60)
        self.assertEqual(refused.returncode, 1)
        self.assertIn("404", refused.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)

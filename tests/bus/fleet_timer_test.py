"""A timer that one instance of the fleet runs: three processes, whose running one is killed, or stopped as if its host hung.
Arguments: embedded or rabbitmq, the program tutti, the service parcels."""
import pathlib
import signal
import sys
import tempfile
import time
import unittest

from brokers import RABBITMQ, Embedded, RabbitMQ, until
from service_program import ServiceProgram

KIND, TUTTI, PARCELS = sys.argv[1], str(pathlib.Path(sys.argv[2]).resolve()), str(pathlib.Path(sys.argv[3]).resolve())
del sys.argv[1:4]

if KIND == "rabbitmq" and not RABBITMQ.exists():
    print("skipped: rabbitmq-server is not installed")
    sys.exit(77)

TAKEOVER = 10  # seconds, at most


class Instance(ServiceProgram):
    def ticks(self):
        try:
            return self.get("/heard")["ticks"]
        except OSError:
            return 0

    def end(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
        super().end()


class FleetTimer(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.broker = Embedded(TUTTI) if KIND == "embedded" else RabbitMQ()

    @classmethod
    def tearDownClass(cls):
        cls.broker.end()

    def setUp(self):
        self.fleet = []

    def start(self, count, uri=None):
        for _ in range(count):
            folder = tempfile.TemporaryDirectory()
            self.addCleanup(folder.cleanup)
            instance = Instance(PARCELS, ("amqp://guest:guest@127.0.0.1:%d" % self.broker.port) if uri is None else uri, folder.name)
            self.addCleanup(instance.end)
            self.fleet.append(instance)

    def running_one(self, among, seconds=60):
        """The one whose timer runs, once one does; fails if others run theirs too."""
        before = {instance: instance.ticks() for instance in among}
        found = until(lambda: [one for one in among if one.ticks() >= before[one] + 3], "a timer runs", seconds)
        counts = {instance: instance.ticks() for instance in among}
        until(lambda: found[0].ticks() >= counts[found[0]] + 5, "it goes on")
        self.assertEqual([one for one in among if one.ticks() != counts[one]], found)
        return found[0]

    def test_runs_in_one_instance_and_in_another_when_that_is_killed(self):
        self.start(3)
        first = self.running_one(self.fleet)
        first.process.send_signal(signal.SIGKILL)
        killed = time.monotonic()
        rest = [one for one in self.fleet if one is not first]
        before = {one: one.ticks() for one in rest}
        until(lambda: any(one.ticks() > before[one] for one in rest), "another takes over", TAKEOVER)
        print("%s: killed, taken over after %.1f s" % (KIND, time.monotonic() - killed))
        second = self.running_one(rest)
        second.process.send_signal(signal.SIGTERM)
        self.assertEqual(second.process.wait(30), 0)
        last = [one for one in rest if one is not second]
        self.assertEqual(self.running_one(last, TAKEOVER), last[0])

    def test_runs_in_another_when_the_hosts_of_that_hang_and_in_one_when_they_come_back(self):
        self.start(3)
        first = self.running_one(self.fleet)
        first.process.send_signal(signal.SIGSTOP)
        stopped = time.monotonic()
        rest = [one for one in self.fleet if one is not first]
        before = {one: one.ticks() for one in rest}
        until(lambda: any(one.ticks() > before[one] for one in rest), "another takes over", TAKEOVER)
        print("%s: hanging, taken over after %.1f s" % (KIND, time.monotonic() - stopped))
        first.process.send_signal(signal.SIGCONT)

        self.assertIn(self.running_one(self.fleet), rest)

    def test_runs_in_each_process_without_a_broker(self):
        self.start(2, uri="")
        until(lambda: all(one.ticks() > 3 for one in self.fleet), "both run")


unittest.main()

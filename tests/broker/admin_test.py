"""What is told about a running broker: over HTTP to a monitor, by the commands to people. python3-pika is the client."""
import json
import os
import re
import shutil
import subprocess
import time
import unittest
import urllib.error
import urllib.request

import pika
from broker_program import TUTTI, BrokerProgram, until


class Admin(BrokerProgram):
    words = ("--admin", "127.0.0.1:0", "--data", "data", "--vhost", "shop")

    def setUp(self):
        super().setUp()
        with open(self.path("log")) as log:
            self.admin = re.search(r"admin on http://(127\.0\.0\.1:\d+)\n", log.read()).group(1)

    def connect(self, host="/", **more):
        return pika.BlockingConnection(pika.ConnectionParameters("127.0.0.1", self.port, host, **more))

    def get(self, path, **more):
        with urllib.request.urlopen(urllib.request.Request("http://" + self.admin + path, **more), timeout=20) as reply:
            return reply.read().decode()

    def run_tutti(self, *words):
        return subprocess.run([TUTTI, "broker", *words], cwd=self.folder, capture_output=True, text=True, timeout=60)

    def listed(self, what):
        run = self.run_tutti(what, "--admin", self.admin, "--json")
        self.assertEqual((run.returncode, run.stderr), (0, ""))
        return json.loads(run.stdout)

    def metric(self, name, text=None):
        found, = re.findall(r"^%s (\S+)$" % re.escape(name), text or self.get("/metrics"), re.M)
        return float(found)

    def test_lists_queues(self):
        channel = self.connect("shop").channel()
        channel.queue_declare("mails", durable=True, arguments={"x-max-length": 10})
        channel.queue_declare('odd "name"\n', exclusive=True, auto_delete=True)
        for _ in range(3):
            channel.basic_publish("", "mails", b"m")
        channel.basic_get("mails")

        self.assertEqual(self.listed("queues"), [
            {"vhost": "shop", "name": "mails", "ready": 2, "unacknowledged": 1, "consumers": 0, "durable": True, "exclusive": False,
             "auto_delete": False, "arguments": "{x-max-length: 10}"},
            {"vhost": "shop", "name": 'odd "name"\n', "ready": 0, "unacknowledged": 0, "consumers": 0, "durable": False, "exclusive": True,
             "auto_delete": True, "arguments": ""}])
        table = self.run_tutti("queues", "--admin", self.admin).stdout.splitlines()
        self.assertEqual([re.split(r"  +", line) for line in table], [
            ["VHOST", "NAME", "READY", "UNACKNOWLEDGED", "CONSUMERS", "DURABLE", "EXCLUSIVE", "AUTO DELETE", "ARGUMENTS"],
            ["shop", "mails", "2", "1", "0", "true", "false", "false", "{x-max-length: 10}"],
            ["shop", 'odd "name"?', "0", "0", "0", "false", "true", "true", "-"]])

    def test_lists_connections_and_consumers(self):
        connection = self.connect(client_properties={"connection_name": "billing"}, heartbeat=30)
        channel = connection.channel()
        channel.queue_declare("q")
        channel.basic_qos(prefetch_count=7)
        channel.basic_consume("q", lambda *_: None, consumer_tag="first")
        channel.basic_consume("q", lambda *_: None, consumer_tag="second", auto_ack=True)
        channel.basic_publish("", "q", b"m")
        connection.process_data_events(0)
        until(lambda: self.listed("connections")[0]["delivered"] == 1, lambda: self.listed("connections"))

        listed, = self.listed("connections")
        self.assertRegex(listed.pop("peer"), r"^127\.0\.0\.1:\d+$")
        number = listed.pop("id")
        self.assertEqual(listed, {"client": "billing", "tls": False, "user": "guest", "vhost": "/", "state": "running", "channels": 1, "unacknowledged": 1,
                                  "heartbeat_seconds": 30, "published": 1, "delivered": 1})
        common = {"vhost": "/", "queue": "q", "connection": number, "channel": 1, "prefetch": 7}
        self.assertEqual(self.listed("consumers"), [
            {**common, "tag": "first", "acknowledges": True, "unacknowledged": 1},
            {**common, "tag": "second", "acknowledges": False, "unacknowledged": 0}])

    def test_metrics_count_what_happens(self):
        connection = self.connect()
        channel = connection.channel()
        channel.queue_declare("q")
        for body in (b"a", b"b", b"c"):
            channel.basic_publish("", "q", body)
        channel.basic_publish("", "nowhere", b"lost")
        channel.basic_ack(channel.basic_get("q")[0].delivery_tag)
        channel.basic_nack(channel.basic_get("q")[0].delivery_tag, requeue=True)
        channel.basic_reject(channel.basic_get("q")[0].delivery_tag, requeue=False)
        channel.queue_declare("q", passive=True)  # all of it is done

        text = self.get("/metrics")

        for name, expected in (("published_total", 4), ("unroutable_total", 1), ("delivered_total", 3), ("acknowledged_total", 1),
                               ("requeued_total", 1), ("rejected_total", 1), ("ready", 1), ("unacknowledged", 0)):
            self.assertEqual(self.metric("tutti_broker_messages_" + name, text), expected, name)
        for name, expected in (("connections", 1), ("channels", 1), ("queues", 1), ("consumers", 0), ("publishers_blocked", 0)):
            self.assertEqual(self.metric("tutti_broker_" + name, text), expected, name)
        self.assertIn('tutti_broker_queue_ready{queue="q",vhost="/"} 1\n', self.get("/metrics/per-queue"))
        connection.close()
        until(lambda: self.metric("tutti_broker_connections") == 0, "the connection is gone")
        self.assertEqual(self.metric("tutti_broker_messages_published_total"), 4)  # what is gone still counts

    @unittest.skipUnless(shutil.which("promtool"), "promtool is not installed")
    def test_metrics_are_what_prometheus_asks_for(self):
        self.connect().channel().queue_declare("q")
        for path in ("/metrics", "/metrics/per-queue"):
            check = subprocess.run(["promtool", "check", "metrics"], input=self.get(path), capture_output=True, text=True, timeout=60)
            self.assertEqual((check.returncode, check.stdout + check.stderr), (0, ""))

    def test_tells_its_health(self):
        self.assertEqual(json.loads(self.get("/livez")), {"status": "alive"})
        for path in ("/readyz", "/health"):
            self.assertEqual(json.loads(self.get(path)), {"status": "ready"})

    def test_answers_nothing_else(self):
        for path, more, status in (("/nothing", {}, 404), ("/queues", {"method": "POST", "data": b""}, 405), ("/queues", {"method": "DELETE"}, 405)):
            with self.assertRaises(urllib.error.HTTPError) as refused:
                self.get(path, **more)
            self.assertEqual(refused.exception.code, status)
            refused.exception.close()

    def test_says_that_no_broker_is_there(self):
        for words, code, said in (
                (["queues", "--admin", "127.0.0.1:1"], 1, "no broker answers on 127.0.0.1:1 (Connection refused); say where its admin listener is with --admin"),
                (["queues", "--admin", "here"], 2, '--admin is "here"; expected an address like 127.0.0.1:15672'),
                (["queues", "--admin", "127.0.0.1:%d" % self.port], 1, "what answers on 127.0.0.1:%d is no admin listener of a broker; give its address "
                 "with --admin" % self.port),
                (["exchanges"], 2, 'tutti broker lists queues, connections or consumers, not "exchanges"'),
                (["queues", "--vhost", "x"], 2, 'tutti broker queues has no option "--vhost"'),
                (["--json"], 2, "--json is an option of tutti broker queues, connections and consumers")):
            run = self.run_tutti(*words)
            self.assertEqual((run.returncode, run.stdout, run.stderr), (code, "", "tutti: " + said + "\n"), words)

    def test_does_nothing_while_nothing_happens(self):
        connection = self.connect(heartbeat=0)
        connection.channel().queue_declare("q", durable=True)
        self.get("/metrics")

        def turns():
            with open("/proc/%d/status" % self.process.pid) as status:
                return int(re.search(r"^voluntary_ctxt_switches:\s+(\d+)", status.read(), re.M).group(1))
        before = turns()
        time.sleep(2)  # of idleness: what is measured
        self.assertLessEqual(turns() - before, 1)
        connection.close()


class TwoOfThem(BrokerProgram):
    def test_a_second_broker_takes_another_admin_port_unless_it_is_told_one(self):
        with open(self.path("log")) as log:
            first = re.search(r"admin on http://(\S+)\n", log.read()).group(1)
        for words, code in ((["--admin", first], 1), (["--listen", "0.0.0.0:0"], 1)):
            run = subprocess.run([TUTTI, "broker", "--listen", "127.0.0.1:0", *words], capture_output=True, text=True, timeout=60, cwd=self.folder)
            self.assertEqual(run.returncode, code, run)
        os.remove(self.path("ready"))
        second = self.broker()
        until(lambda: os.path.exists(self.path("ready")), "the second is ready")
        with open(self.path("log")) as log:
            self.assertEqual(len(set(re.findall(r"admin on http://(\S+)\n", log.read()))), 2)
        second.terminate()
        self.assertEqual(second.wait(30), 0)


if __name__ == "__main__":
    unittest.main(verbosity=2)

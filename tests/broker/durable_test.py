"""What is durable outlives the broker: stopped, and killed under load. python3-pika is the client."""
import os
import resource
import subprocess
import threading
import unittest

import pika
from broker_program import BrokerProgram, TUTTI, until

Properties = pika.BasicProperties
PERSISTENT = Properties(delivery_mode=2)


class Durable(BrokerProgram):
    words = ("--data", "data")
    # Memory is measured here: AddressSanitizer would keep the last 256 MB of what was freed.
    environment = {"ASAN_OPTIONS": "quarantine_size_mb=8"}

    def connect(self, host="/"):
        return pika.BlockingConnection(pika.ConnectionParameters("127.0.0.1", self.port, host))

    def restart(self):
        self.stop()
        self.start()

    def kill(self):
        self.process.kill()
        self.process.wait()
        os.remove(self.path("ready"))
        self.start()

    def bodies(self, queue, channel):
        out = []
        while (body := channel.basic_get(queue, auto_ack=True)[2]) is not None:
            out.append(body)
        return out

    def test_durable_things_outlive_it_and_others_do_not(self):
        channel = self.connect().channel()
        channel.exchange_declare("x", "topic", durable=True)
        channel.exchange_declare("front", "fanout", durable=True)
        channel.exchange_bind("x", "front")
        channel.exchange_declare("fleeting", "topic")
        channel.queue_declare("q", durable=True, arguments={"x-max-priority": 3})
        channel.queue_declare("transient")
        channel.queue_declare("mine", durable=True, exclusive=True)
        channel.queue_bind("q", "x", "orders.#")
        channel.queue_bind("q", "x", "gone")
        channel.queue_unbind("q", "x", "gone")
        channel.queue_declare("deleted", durable=True)
        channel.basic_publish("", "deleted", b"m", PERSISTENT)
        channel.queue_delete("deleted")
        properties = Properties(delivery_mode=2, headers={"a": [1, {"b": None}]}, message_id="m", priority=2)
        channel.basic_publish("front", "orders.paid", b"\x00kept", properties)
        channel.basic_publish("front", "orders.paid", b"lost", Properties(delivery_mode=1))

        self.restart()

        channel = self.connect().channel()
        method, got, body = channel.basic_get("q", auto_ack=True)
        self.assertEqual((method.exchange, method.routing_key, body), ("front", "orders.paid", b"\x00kept"))
        self.assertEqual(got, properties)
        self.assertEqual(self.bodies("q", channel), [])
        channel.basic_publish("front", "orders.new", b"again")
        channel.basic_publish("x", "gone", b"nowhere")
        self.assertEqual(self.bodies("q", channel), [b"again"])
        for operation, name in (("queue_declare", "transient"), ("queue_declare", "mine"), ("queue_declare", "deleted"),
                                ("exchange_declare", "fleeting")):
            with self.assertRaises(pika.exceptions.ChannelClosedByBroker) as caught:
                getattr(channel.connection.channel(), operation)(name, passive=True)
            self.assertEqual(caught.exception.reply_code, 404, name)

    def test_what_was_acknowledged_does_not_come_back_and_the_rest_does_in_order(self):
        channel = self.connect().channel()
        channel.queue_declare("q", durable=True)
        for number in range(100):
            channel.basic_publish("", "q", b"%d" % number, PERSISTENT)
        tags = [channel.basic_get("q")[0].delivery_tag for _ in range(60)]
        for tag in tags[::2]:
            channel.basic_ack(tag)

        self.restart()

        channel = self.connect().channel()
        self.assertEqual(self.bodies("q", channel), [b"%d" % n for n in list(range(1, 60, 2)) + list(range(60, 100))])

    def test_confirmed_messages_survive_a_kill_under_load(self):
        connection = self.connect()
        channel = connection.channel()
        channel.queue_declare("q", durable=True)
        channel.confirm_delivery()
        confirmed = []

        def publish():
            try:
                for number in range(100000):
                    channel.basic_publish("", "q", b"%d" % number + b"x" * 1000, PERSISTENT, mandatory=True)
                    confirmed.append(number)
            except pika.exceptions.AMQPError:
                pass
        publisher = threading.Thread(target=publish)
        publisher.start()
        until(lambda: len(confirmed) > 200, "messages are confirmed")
        self.kill()
        publisher.join()

        numbers = [int(body.rstrip(b"x")) for body in self.bodies("q", self.connect().channel())]

        self.assertEqual(numbers, list(range(len(numbers))))
        self.assertGreaterEqual(len(numbers), len(confirmed))

    def test_dead_letters_survive(self):
        channel = self.connect().channel()
        channel.queue_declare("graves", durable=True)
        channel.queue_declare("q", durable=True, arguments={"x-dead-letter-exchange": "", "x-dead-letter-routing-key": "graves"})
        channel.basic_publish("", "q", b"m", PERSISTENT)
        channel.basic_reject(channel.basic_get("q")[0].delivery_tag, requeue=False)
        until(lambda: channel.queue_declare("graves", passive=True).method.message_count == 1, "it is dead")

        self.restart()

        channel = self.connect().channel()
        self.assertEqual(self.bodies("q", channel), [])
        self.assertEqual(self.bodies("graves", channel), [b"m"])

    def test_files_go_when_nothing_in_them_is_alive(self):
        channel = self.connect().channel()
        channel.queue_declare("kept", durable=True)
        channel.queue_declare("q", durable=True)
        channel.basic_publish("", "kept", b"old", PERSISTENT)
        body = b"x" * 1024 * 1024
        for _ in range(300):
            channel.basic_publish("", "q", body, PERSISTENT)
            self.assertIsNotNone(channel.basic_get("q", auto_ack=True)[2])

        def size():
            return sum(os.path.getsize(self.path("data/" + name)) for name in os.listdir(self.path("data")))
        until(lambda: size() < 200 << 20, lambda: "%d bytes" % size())
        self.kill()

        self.assertEqual(self.bodies("kept", self.connect().channel()), [b"old"])

    def resident_mb(self):
        with open("/proc/%d/status" % self.process.pid) as f:
            return next(int(line.split()[1]) for line in f if line.startswith("VmRSS")) / 1024

    def test_a_backlog_is_kept_on_disk_through_a_kill_and_comes_in_order(self):
        count, body = 100000, b"x" * 1000
        idle = self.resident_mb()
        connection = self.connect()
        channel = connection.channel()
        channel.queue_declare("q", durable=True)
        for number in range(count):
            channel.basic_publish("", "q", b"%09d" % number + body, PERSISTENT)
        until(lambda: channel.queue_declare("q", passive=True).method.message_count == count, "all are published", 120)
        # 100 MB of messages; AddressSanitizer keeps space around each of them.
        limit = 300 if b"__asan_init" in open(TUTTI, "rb").read() else 45
        self.assertLess(self.resident_mb() - idle, limit)
        channel.confirm_delivery()
        channel.basic_publish("", "q", b"%09d" % count, PERSISTENT)

        self.kill()

        channel = self.connect().channel()
        channel.basic_qos(prefetch_count=500)
        numbers = []
        for method, _, got in channel.consume("q"):
            numbers.append(int(got[:9]))
            if len(numbers) % 250 == 0 or len(numbers) > count:
                channel.basic_ack(method.delivery_tag, multiple=True)
            if len(numbers) > count:
                break
        self.assertEqual(numbers, list(range(count + 1)))
        self.assertLess(self.resident_mb() - idle, limit)

    def test_a_consumer_that_acknowledges_nothing_costs_no_memory(self):
        channel = self.connect().channel()
        channel.queue_declare("q", durable=True)
        body = b"x" * 100000
        for _ in range(1000):
            channel.basic_publish("", "q", body, PERSISTENT)
        until(lambda: channel.queue_declare("q", passive=True).method.message_count == 1000, "all are published")
        idle = self.resident_mb()
        slow = self.connect()
        consumer = slow.channel()
        got = []
        consumer.basic_consume("q", lambda *delivery: got.append(len(delivery[3])))
        while len(got) < 1000:
            slow.process_data_events(1)

        self.assertLess(self.resident_mb() - idle, 40)
        slow.close()
        method = channel.basic_get("q", auto_ack=True)[0]
        self.assertTrue(method.redelivered)
        self.assertEqual(channel.queue_declare("q", passive=True).method.message_count, 999)

    def test_on_a_full_disk_publishers_wait_and_nothing_confirmed_is_lost(self):
        connection = self.connect()
        told = []
        connection.add_on_connection_blocked_callback(lambda _, frame: told.append(frame.method.reason))
        connection.add_on_connection_unblocked_callback(lambda *_: told.append("no more"))
        channel = connection.channel()
        channel.queue_declare("q", durable=True)
        channel.confirm_delivery()
        for number in range(50):
            channel.basic_publish("", "q", b"%d" % number, PERSISTENT)
        # No file can grow any more, as if the disk were full.
        _, hard = resource.prlimit(self.process.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(self.process.pid, resource.RLIMIT_FSIZE, (0, hard))
        confirmed = threading.Event()

        def publish():
            other = self.connect().channel()
            other.confirm_delivery()
            other.basic_publish("", "q", b"50", PERSISTENT)
            confirmed.set()
        publisher = threading.Thread(target=publish)
        publisher.start()
        until(lambda: connection.process_data_events(0.1) or told, "publishers are told to wait")
        self.assertEqual(told, ["the journal cannot be written"])
        self.assertFalse(confirmed.is_set())

        resource.prlimit(self.process.pid, resource.RLIMIT_FSIZE, (hard, hard))
        until(lambda: connection.process_data_events(0.1) or told[1:], "publishers go on")
        publisher.join(30)
        self.assertTrue(confirmed.is_set())
        self.kill()

        self.assertEqual(self.bodies("q", self.connect().channel()), [b"%d" % number for number in range(51)])

    def test_a_folder_is_one_brokers(self):
        second = subprocess.run([TUTTI, "broker", "--listen", "127.0.0.1:0", "--data", "data"], cwd=self.folder,
                                capture_output=True, text=True, timeout=30)

        self.assertEqual(second.returncode, 1)
        self.assertIn("another broker uses the folder", second.stderr)

    def test_a_damaged_journal_is_refused(self):
        channel = self.connect().channel()
        channel.queue_declare("q", durable=True)
        channel.basic_publish("", "q", b"x" * 1000, PERSISTENT)
        self.restart()
        self.stop()
        first = self.path("data/" + sorted(name for name in os.listdir(self.path("data")) if name.startswith("journal"))[0])
        with open(first, "r+b") as f:
            f.seek(200)
            f.write(b"damage")

        self.process = self.broker()

        self.assertEqual(self.process.wait(30), 1)
        with open(self.path("log")) as f:
            self.assertIn("is damaged at byte", f.read())


class Limits(BrokerProgram):
    """Publishers are told to wait, and when that is over."""

    def connect(self):
        connection = pika.BlockingConnection(pika.ConnectionParameters("127.0.0.1", self.port))
        self.told = []
        connection.add_on_connection_blocked_callback(lambda _, frame: self.told.append(frame.method.reason))
        connection.add_on_connection_unblocked_callback(lambda *_: self.told.append("no more"))
        return connection

    def restart(self, *words):
        self.stop()
        self.words = words
        self.start()

    def test_transient_messages_stay_in_memory_up_to_its_limit(self):
        self.restart("--memory-max", "8")
        connection = self.connect()
        channel = connection.channel()
        channel.queue_declare("q")
        sent = 0
        while not self.told and sent < 1000:
            channel.basic_publish("", "q", b"x" * 100000)
            sent += 1
            connection.process_data_events(0)
        until(lambda: connection.process_data_events(0.1) or self.told, "publishers are told to wait")
        self.assertEqual(self.told, ["low on memory"])

        consumer = pika.BlockingConnection(pika.ConnectionParameters("127.0.0.1", self.port)).channel()
        got = 0
        while got < sent:
            if consumer.basic_get("q", auto_ack=True)[0] is not None:
                got += 1
        until(lambda: connection.process_data_events(0.1) or self.told[1:], "publishers go on")

    def test_publishers_wait_while_little_of_the_disk_is_free(self):
        self.restart("--data", "data", "--disk-free-min", "1048576")
        connection = self.connect()
        channel = connection.channel()
        channel.queue_declare("q", durable=True)
        channel.basic_publish("", "q", b"m", PERSISTENT)
        until(lambda: connection.process_data_events(0.1) or self.told, "publishers are told to wait")
        self.assertEqual(self.told, ["low on disk"])


if __name__ == "__main__":
    unittest.main()

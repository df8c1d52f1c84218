"""A service's events over a broker, with python3-pika in the place of a Nameko service: the names, the bytes, retries, dead
letters, and what a killed broker costs. Arguments: embedded or rabbitmq, the program tutti, the service parcels."""
import json
import pathlib
import signal
import subprocess
import sys
import tempfile
import threading
import unittest

import pika
import websocket
from brokers import RABBITMQ, Cutter, Embedded, RabbitMQ, until
from service_program import ServiceProgram

KIND, TUTTI, PARCELS = sys.argv[1], str(pathlib.Path(sys.argv[2]).resolve()), str(pathlib.Path(sys.argv[3]).resolve())
del sys.argv[1:4]

if KIND == "rabbitmq" and not RABBITMQ.exists():
    print("skipped: rabbitmq-server is not installed")
    sys.exit(77)

# As kombu sets them for Nameko.
NAMEKO = pika.BasicProperties(content_type="application/json", content_encoding="utf-8", delivery_mode=2, priority=0,
                              headers={"nameko.call_id_stack": ["shop.place.1"]})


class Parcels(ServiceProgram):
    def __init__(self, uri, folder, *more):
        super().__init__(PARCELS, uri, folder, *more)

    def post(self, method, parcel):
        """The status; 0 if there was no answer."""
        return self.post_json(method, {"id": parcel})

    def post_json(self, method, body):
        return super().post("/parcels/" + method, body)[0]

    def client(self, topic):
        """A WebSocket that follows a topic, and its id."""
        socket = websocket.create_connection("ws://127.0.0.1:%d/live" % self.http, timeout=30)
        socket.send(json.dumps({"topic": topic}))
        return socket, json.loads(socket.recv())["peer"]

    def heard(self):
        return self.get("/heard")


class Events(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.broker = Embedded(TUTTI) if KIND == "embedded" else RabbitMQ()

    @classmethod
    def tearDownClass(cls):
        cls.broker.end()

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.services = []
        self.parcels = self.start()
        self.connect()

    def tearDown(self):
        for service in self.services:
            service.end()
        for queue in ("evt-shop-placed--parcels.on_placed", "evt-shop-closed", "tutti.dead.evt-shop-placed--parcels.on_placed",
                      "evt-parcels-sent--post.on_sent"):
            self.channel.queue_delete(queue)
        self.connection.close()
        self.folder.cleanup()

    def uri(self):
        return "amqp://guest:guest@127.0.0.1:%d/?heartbeat=10" % self.broker.port

    def start(self, *more):
        service = Parcels(self.uri(), self.folder.name, *more)
        self.services.append(service)
        until(lambda: service.ready() == "", lambda: service.ready() + service.log.read_text())
        return service

    def connect(self):
        self.connection = pika.BlockingConnection(pika.URLParameters(self.uri()))
        self.channel = self.connection.channel()

    def announce(self, event, body, properties=NAMEKO):
        # As Nameko's EventDispatcher: declared equally, or the broker refuses.
        self.channel.exchange_declare("shop.events", "topic", durable=True)
        self.channel.basic_publish("shop.events", event, body if isinstance(body, bytes) else json.dumps({"id": body}).encode(), properties)

    def listen(self):
        """As a Nameko event handler on_sent of the service post."""
        self.channel.exchange_declare("parcels.events", "topic", durable=True)
        self.channel.queue_declare("evt-parcels-sent--post.on_sent", durable=True)
        self.channel.queue_bind("evt-parcels-sent--post.on_sent", "parcels.events", "sent")

    def take(self, queue):
        return until(lambda: (got := self.channel.basic_get(queue, auto_ack=True))[0] and got, "a message in " + queue)

    def heard(self, what, expected, service=None):
        until(lambda: (service or self.parcels).heard()[what] == expected, lambda: str((service or self.parcels).heard()))

    def test_hears_what_a_nameko_service_announces(self):
        self.announce("placed", "o-1")
        self.announce("placed", b'{"id": "o-\\u00e9"}')

        self.heard("placed", ["o-1", "o-é"])

    def test_has_queues_that_namekos_own_declarations_accept(self):
        self.channel.exchange_declare("shop.events", "topic", durable=True)
        self.channel.queue_declare("evt-shop-placed--parcels.on_placed", durable=True)
        self.channel.queue_declare("evt-shop-closed", durable=True)

    def test_is_heard_by_a_nameko_service(self):
        self.listen()
        self.assertEqual(self.parcels.post("send", "p-1"), 204)

        _, properties, body = self.take("evt-parcels-sent--post.on_sent")
        self.assertEqual(json.loads(body), {"id": "p-1"})
        self.assertEqual((properties.content_type, properties.content_encoding, properties.delivery_mode, properties.priority),
                         ("application/json", "utf-8", 2, 0))
        self.assertRegex(properties.headers["traceparent"], "^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$")
        self.assertTrue(properties.message_id)

    def test_carries_the_context_of_an_event_on_to_those_that_its_handler_announces(self):
        self.listen()
        stack = ["shop.place.%d" % number for number in range(12)]
        context = {"nameko.call_id_stack": stack, "nameko.language": "de", "nameko.user_id": 7, "nameko.auth_token": "t",
                   "nameko.tenant": {"roles": ["a", {"b": True}]}, "nameko.traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
                   "locale": "de-AT"}  # a header without the prefix: Nameko carries it on with the prefix
        for number, parcel in enumerate(("send-1", "store-2")):  # at once, and by the outbox
            self.announce("placed", parcel, pika.BasicProperties(content_type="application/json", headers=context))

            headers = self.take("evt-parcels-sent--post.on_sent")[1].headers
            kept = headers.pop("nameko.call_id_stack")
            self.assertEqual(kept[:-1], stack[-10:])
            self.assertRegex(kept[-1], r"^parcels\.on_placed\.\w+")
            self.assertRegex(headers.pop("traceparent"), "^00-0af7651916cd43dd8448eb211c80319c-(?!b7ad6b7169203331)[0-9a-f]{16}-01$")
            self.assertEqual(headers, {"nameko.language": "de", "nameko.user_id": 7, "nameko.auth_token": "t",
                                       "nameko.tenant": {"roles": ["a", {"b": True}]}, "nameko.locale": "de-AT"})

    def test_begins_a_call_stack_with_the_method_that_announces(self):
        self.listen()
        for method in ("send", "store"):
            self.parcels.post(method, "p-1")
            stack = self.take("evt-parcels-sent--post.on_sent")[1].headers["nameko.call_id_stack"]
            self.assertEqual(len(stack), 1)
            self.assertRegex(stack[0], r"^parcels\.%s\.\w+" % method)

    def test_sends_what_a_transaction_published_in_order(self):
        self.listen()
        for number in range(20):
            self.assertEqual(self.parcels.post("store", "p-%d" % number), 204)

        got = [json.loads(self.take("evt-parcels-sent--post.on_sent")[2])["id"] for _ in range(20)]
        self.assertEqual(got, ["p-%d" % number for number in range(20)])

    def test_sends_what_transactions_of_all_threads_published(self):
        self.listen()
        self.parcels.end()
        threads = self.start("--tutti.threads=3")
        for number in range(40):  # each over a connection of its own, which the kernel gives to one of the threads
            self.assertEqual(threads.post("store", "p-%d" % number), 204)

        got = {json.loads(self.take("evt-parcels-sent--post.on_sent")[2])["id"] for _ in range(40)}
        self.assertEqual(got, {"p-%d" % number for number in range(40)})
        threads.process.send_signal(signal.SIGTERM)
        self.assertEqual(threads.process.wait(30), 0, threads.log.read_text())

    def test_what_a_hub_sends_reaches_the_clients_of_all_instances_once_and_in_order(self):
        other = self.start("--tutti.threads=2")
        near, _ = self.parcels.client("t")
        far = [other.client("t")[0] for _ in range(4)]  # the kernel spreads them over the threads
        one, peer = other.client("u")
        got = {socket: [] for socket in (near, *far, one)}

        def moved(socket, last):
            while not got[socket] or got[socket][-1] != last:
                got[socket].append(json.loads(socket.recv())["parcel"])
            return got[socket]

        for number in range(30):
            self.parcels.post_json("move", {"to": "topic t", "parcel": "p-%d" % number})
        self.parcels.post_json("move", {"to": "peer " + peer, "parcel": "only you"})
        self.parcels.post_json("move", {"to": "everybody", "parcel": "a last one"})
        topic = ["p-%d" % number for number in range(30)]
        for socket in (near, *far):
            self.assertEqual(moved(socket, "a last one"), [*topic, "a last one"])
        self.assertEqual(moved(one, "a last one"), ["only you", "a last one"])

        # A thread that is not the one with the connection announces as well.
        for number in range(8):
            other.post_json("move", {"to": "everybody", "parcel": "q-%d" % number})
            self.assertEqual(moved(near, "q-%d" % number)[-1], "q-%d" % number)
            self.assertEqual(moved(one, "q-%d" % number)[-2:-1], [got[near][-2]])

        # Another publisher may send to the clients, but nothing that is no message of the channel.
        for body in (b"garbage", b'{"type":"Moved"}', b'{"type":"Moved","parcel":"from afar"}'):
            self.channel.basic_publish("parcels.channels", "live", body)
        for socket in got:
            self.assertEqual(moved(socket, "from afar")[-2:], ["q-7", "from afar"])

        other.process.send_signal(signal.SIGTERM)
        self.assertEqual(other.process.wait(30), 0, other.log.read_text())

    def test_gives_an_event_of_the_pool_to_one_instance_and_a_broadcast_to_all(self):
        other = self.start()
        self.announce("opened", "o-1")
        for number in range(10):
            self.announce("placed", "o-%d" % number)

        self.heard("opened", ["o-1"])
        self.heard("opened", ["o-1"], other)
        until(lambda: len(self.parcels.heard()["placed"]) + len(other.heard()["placed"]) == 10, "ten in all")
        self.assertEqual(sorted(self.parcels.heard()["placed"] + other.heard()["placed"]), ["o-%d" % number for number in range(10)])

    def test_tries_again_after_a_pause(self):
        self.announce("placed", "twice-1")

        self.heard("placed", ["twice-1"])
        self.assertEqual(self.parcels.heard()["attempts"], 2)
        self.assertEqual(self.parcels.metric("tutti_events_retried_total"), 1)

    def test_gives_up_after_the_last_attempt_with_the_reason(self):
        self.announce("placed", "bad-1")

        _, properties, body = self.take("tutti.dead.evt-shop-placed--parcels.on_placed")
        self.assertEqual(json.loads(body), {"id": "bad-1"})
        self.assertEqual(self.parcels.heard()["attempts"], 3)
        headers = properties.headers
        self.assertEqual((headers["tutti.reason"], headers["tutti.attempt"], headers["tutti.exchange"], headers["tutti.routing-key"]),
                         ("attempts", 3, "shop.events", "placed"))
        self.assertIn("no room for bad-1", headers["tutti.error"])
        self.assertEqual(headers["nameko.call_id_stack"], ["shop.place.1"])

    def test_puts_what_cannot_be_read_aside_at_once_and_goes_on(self):
        self.announce("placed", b"\xff\x00 no json")
        self.announce("placed", b'{"id": ""}')
        self.announce("placed", "o-1")

        self.heard("placed", ["o-1"])
        self.assertEqual([self.take("tutti.dead.evt-shop-placed--parcels.on_placed")[1].headers["tutti.reason"] for _ in range(2)],
                         ["undecodable"] * 2)
        self.assertEqual(self.parcels.heard()["attempts"], 1)

    def test_finishes_what_it_handles_before_it_ends(self):
        self.announce("placed", "slow-1")
        until(lambda: self.parcels.heard()["attempts"] == 1, "it is being handled")
        self.parcels.process.send_signal(signal.SIGTERM)
        self.assertEqual(self.parcels.process.wait(30), 0, self.parcels.log.read_text())

        self.assertEqual(self.channel.queue_declare("evt-shop-placed--parcels.on_placed", durable=True).method.message_count, 0)

    def test_loses_no_confirmed_event_when_connections_are_cut_in_the_middle_of_frames(self):
        self.listen()
        self.parcels.end()
        cutter = Cutter(self.broker.port, 700, 211)
        self.addCleanup(cutter.end)
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        cut = Parcels("amqp://127.0.0.1:%d" % cutter.port, folder.name)
        self.services.append(cut)
        until(lambda: "urlopen" not in cut.ready(), cut.ready)  # its listeners are there, whatever it says
        confirmed = []
        for number in range(10_000):
            if cut.post("send", "p-%d" % number) == 204:
                confirmed.append("p-%d" % number)
                self.announce("placed", "o-%d" % number)
            if cutter.cuts >= 30:
                break
        cutter.through()
        until(lambda: cut.ready() == "", lambda: cut.ready() + cut.log.read_text())

        self.assertGreaterEqual(cutter.cuts, 30)
        self.assertGreater(len(confirmed), 30)
        got = set()

        def all_there():
            while (message := self.channel.basic_get("evt-parcels-sent--post.on_sent", auto_ack=True))[0]:
                got.add(json.loads(message[2])["id"])
            return set(confirmed) <= got
        until(all_there, lambda: "missing: %s" % sorted(set(confirmed) - got)[:10], 30)
        wanted = {parcel.replace("p-", "o-") for parcel in confirmed}
        until(lambda: wanted <= set(cut.heard()["placed"]), lambda: str(wanted - set(cut.heard()["placed"])))

    def test_loses_no_confirmed_event_when_the_broker_is_killed_under_load(self):
        self.listen()
        confirmed, stop = [], threading.Event()

        def load(worker):
            number = 0
            while not stop.is_set():
                parcel = "p-%d-%d" % (worker, number)
                if self.parcels.post("store" if worker == 0 else "send", parcel) == 204:
                    confirmed.append(parcel)
                number += 1

        workers = [threading.Thread(target=load, args=(worker,)) for worker in range(4)]
        for worker in workers:
            worker.start()
        until(lambda: len(confirmed) > 50, "events are confirmed")
        self.broker.kill()
        until(lambda: "broker:" in self.parcels.ready(), "it says that it is not ready")
        before = len(confirmed)
        self.broker.start()
        until(lambda: self.parcels.ready() == "", lambda: self.parcels.log.read_text(), 90)
        until(lambda: len(confirmed) > before + 50, "events are confirmed again")
        stop.set()
        for worker in workers:
            worker.join()

        self.connect()
        got = set()

        def all_there():
            while (message := self.channel.basic_get("evt-parcels-sent--post.on_sent", auto_ack=True))[0]:
                got.add(json.loads(message[2])["id"])
            return set(confirmed) <= got
        until(all_there, lambda: "missing: %s" % sorted(set(confirmed) - got)[:10], 30)
        self.announce("placed", "afterwards")
        self.heard("placed", ["afterwards"])


class Outbox(unittest.TestCase):
    """A service that is killed again and again while it commits events."""

    @classmethod
    def setUpClass(cls):
        cls.broker = Embedded(TUTTI) if KIND == "embedded" else RabbitMQ()

    @classmethod
    def tearDownClass(cls):
        cls.broker.end()

    def test_sends_every_committed_event_in_order_and_no_other_however_often_it_is_killed(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        uri = "amqp://guest:guest@127.0.0.1:%d/" % self.broker.port
        connection = pika.BlockingConnection(pika.URLParameters(uri + "%2F"))
        self.addCleanup(connection.close)
        channel = connection.channel()
        channel.exchange_declare("parcels.events", "topic", durable=True)
        channel.queue_declare("outbox", durable=True)
        channel.queue_bind("outbox", "parcels.events", "sent")
        committed, attempted, number = [], set(), 0
        for life in range(6):
            service = Parcels(uri, folder.name)
            self.addCleanup(service.end)
            until(lambda: service.ready() == "", lambda: service.ready() + service.log.read_text())
            killer = threading.Timer(0.3 + 0.1 * life, service.process.kill)
            killer.start()
            while True:
                number += 1
                self.assertNotEqual(service.post("undo", "undone-%d" % number), 204)
                parcel = "p-%d" % number
                attempted.add(parcel)
                status = service.post("store", parcel)
                if status == 0:
                    break
                self.assertEqual(status, 204)
                committed.append(parcel)
            service.process.wait()
        last = Parcels(uri, folder.name)
        self.addCleanup(last.end)
        until(lambda: last.ready() == "", last.ready)
        self.assertEqual(last.post("store", "p-last"), 204)

        first, seen = [], {}

        def last_has_come():
            while (message := channel.basic_get("outbox", auto_ack=True))[0]:
                parcel = json.loads(message[2])["id"]
                if parcel not in seen:
                    first.append(parcel)
                # A repeat has the same message id.
                self.assertEqual(seen.setdefault(parcel, message[1].message_id), message[1].message_id)
            return "p-last" in seen
        until(last_has_come, lambda: "%d of %d" % (len(first), len(committed)), 60)
        self.assertGreater(len(committed), 50)
        # A commit whose answer was lost in the kill may have happened or not.
        self.assertEqual([parcel for parcel in first if parcel in committed], committed)
        self.assertLessEqual(set(first), attempted | {"p-last"})
        self.assertEqual(first, sorted(first[:-1], key=lambda parcel: int(parcel[2:])) + ["p-last"])


class Quorum(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.broker = Embedded(TUTTI) if KIND == "embedded" else RabbitMQ()

    @classmethod
    def tearDownClass(cls):
        cls.broker.end()

    def test_queues_are_of_the_kind_that_the_setting_asks_for(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        uri = "amqp://guest:guest@127.0.0.1:%d/" % self.broker.port
        service = Parcels(uri, folder.name, "--tutti.events.queues=quorum")
        self.addCleanup(service.end)
        if KIND == "embedded":
            until(lambda: "this broker has classic queues only" in service.ready(), service.ready)
            return
        until(lambda: service.ready() == "", lambda: service.ready() + service.log.read_text())
        connection = pika.BlockingConnection(pika.URLParameters(uri + "%2F"))
        self.addCleanup(connection.close)
        channel = connection.channel()
        dead = "tutti.dead.evt-shop-placed--parcels.on_placed"
        # Declared equally, or the broker refuses.
        channel.queue_declare("evt-shop-placed--parcels.on_placed", durable=True, arguments={
            "x-queue-type": "quorum", "x-delivery-limit": 100, "x-dead-letter-exchange": "", "x-dead-letter-routing-key": dead,
            "x-dead-letter-strategy": "at-least-once", "x-overflow": "reject-publish"})
        channel.queue_declare(dead, durable=True, arguments={"x-queue-type": "quorum", "x-delivery-limit": 2147483647})

        channel.basic_publish("shop.events", "placed", b'{"id": "twice-1"}', NAMEKO)
        channel.basic_publish("shop.events", "placed", b'{"id": "bad-1"}', NAMEKO)
        until(lambda: service.heard()["placed"] == ["twice-1"], lambda: str(service.heard()))
        got = until(lambda: (got := channel.basic_get(dead, auto_ack=True))[0] and got, "a dead letter")
        self.assertEqual(json.loads(got[2]), {"id": "bad-1"})


class Settings(unittest.TestCase):
    def test_refuses_a_uri_that_is_none(self):
        done = subprocess.run([PARCELS, "--tutti.broker.uri=redis://user:secret@host"], capture_output=True, text=True, timeout=60)

        self.assertEqual(done.returncode, 78)
        self.assertIn("tutti.broker.uri", done.stdout + done.stderr)
        self.assertIn("redis://", done.stdout + done.stderr)
        self.assertNotIn("secret", done.stdout + done.stderr)


if __name__ == "__main__":
    unittest.main()

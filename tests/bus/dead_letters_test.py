"""`SERVICE dead-letters` against a broker: list, show, replay, purge, and what a command that is killed leaves behind.
Arguments: embedded or rabbitmq, the program tutti, the service parcels."""
import json
import pathlib
import signal
import subprocess
import sys
import tempfile
import unittest

import pika
from brokers import RABBITMQ, Embedded, RabbitMQ, until

KIND, TUTTI, PARCELS = sys.argv[1], str(pathlib.Path(sys.argv[2]).resolve()), str(pathlib.Path(sys.argv[3]).resolve())
del sys.argv[1:4]

if KIND == "rabbitmq" and not RABBITMQ.exists():
    print("skipped: rabbitmq-server is not installed")
    sys.exit(77)

QUEUE, DEAD = "evt-shop-placed--parcels.on_placed", "tutti.dead.evt-shop-placed--parcels.on_placed"
BROADCAST, BROADCAST_DEAD = "evt-shop-opened--parcels.on_opened", "tutti.dead.evt-shop-opened--parcels.on_opened"


class DeadLetters(unittest.TestCase):
    """Without a running service: the queues are declared as one leaves them."""

    @classmethod
    def setUpClass(cls):
        cls.broker = Embedded(TUTTI) if KIND == "embedded" else RabbitMQ()

    @classmethod
    def tearDownClass(cls):
        cls.broker.end()

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.uri = "amqp://guest:guest@127.0.0.1:%d" % self.broker.port
        self.connection = pika.BlockingConnection(pika.URLParameters(self.uri + "/%2F"))
        self.addCleanup(self.connection.close)
        self.channel = self.connection.channel()
        for queue in (QUEUE, DEAD, BROADCAST_DEAD):
            self.channel.queue_delete(queue)
            self.channel.queue_declare(queue, durable=True)

    def die(self, message_id, body=None, queue=QUEUE, dead=DEAD, error="no room"):
        headers = {"nameko.call_id_stack": ["shop.place.1"], "tutti.attempt": 3, "tutti.exchange": "shop.events", "tutti.routing-key": "placed",
                   "tutti.queue": queue, "tutti.reason": "attempts", "tutti.error": error, "x-death": [{"queue": "tutti.retry.100." + queue}],
                   "x-first-death-queue": "tutti.retry.100." + queue}
        self.channel.basic_publish("", dead, json.dumps({"id": message_id}).encode() if body is None else body,
                                   pika.BasicProperties(content_type="application/json", delivery_mode=2, headers=headers, message_id=message_id,
                                                        timestamp=1_700_000_000))

    def command(self, *words):
        return [PARCELS, "dead-letters", *words, "--tutti.broker.uri=" + self.uri, "--tutti.data=" + self.folder.name]

    def ask(self, *words):
        done = subprocess.run(self.command(*words), capture_output=True, timeout=60)
        return done.returncode, done.stdout.decode("utf-8", "replace"), done.stderr.decode()

    def ids(self, queue):
        """Takes them out."""
        ids = []
        while (got := self.channel.basic_get(queue, auto_ack=True))[0]:
            ids.append(got[1].message_id)
        return ids

    def waiting(self, queue):
        return self.channel.queue_declare(queue, passive=True).method.message_count

    def test_lists_those_of_all_handlers_and_leaves_them_where_they_are(self):
        self.die("a-1")
        self.die("b-2", error="ü" * 500 + "\nsecond line")
        self.die("c-3", queue=BROADCAST + "-1", dead=BROADCAST_DEAD)

        code, out, err = self.ask()
        listed = json.loads(self.ask("list", "--json")[1])

        self.assertEqual((code, err), (0, ""))
        lines = out.splitlines()
        self.assertEqual(len(lines), 4)
        self.assertRegex(lines[0], "^ID +HANDLER +TRIES +FAILED WITH$")
        self.assertRegex(lines[1], r"^a-1 +parcels\.on_placed +3 +no room$")
        self.assertRegex(lines[3], r"^c-3 +parcels\.on_opened +3 +no room$")
        self.assertEqual([one["id"] for one in listed], ["a-1", "b-2", "c-3"])
        self.assertEqual(listed[0], {"id": "a-1", "event": "shop.placed", "handler": "parcels.on_placed", "queue": DEAD, "attempts": 3,
                                     "reason": "attempts", "error": "no room", "published_at": "2023-11-14T22:13:20Z", "bytes": 13})
        self.assertEqual(self.ids(DEAD), ["a-1", "b-2"])

    def test_says_that_there_are_none(self):
        self.assertEqual(self.ask(), (0, "no dead letters\n", ""))
        self.assertEqual(json.loads(self.ask("--json")[1]), [])

    def test_takes_a_service_that_never_ran_for_one_without_dead_letters(self):
        for queue in (QUEUE, DEAD, BROADCAST_DEAD):
            self.channel.queue_delete(queue)

        self.assertEqual(self.ask(), (0, "no dead letters\n", ""))
        self.assertEqual(self.ask("purge", "--all"), (0, "purged 0\n", ""))

    def test_shows_one_with_its_headers_and_its_body(self):
        self.die("a-1")
        self.die("other")

        code, out, _ = self.ask("show", "a")
        told = json.loads(self.ask("show", "a-1", "--json")[1])

        self.assertEqual(code, 0)
        for part in ("a-1", "shop.placed", "parcels.on_placed", "no room", "2023-11-14T22:13:20Z", 'nameko.call_id_stack', '{"id": "a-1"}'):
            self.assertIn(part, out)
        self.assertEqual(len(told), 1)
        self.assertEqual(told[0]["body"], '{"id": "a-1"}')
        self.assertEqual(told[0]["headers"]["nameko.call_id_stack"], ["shop.place.1"])
        self.assertEqual(told[0]["headers"]["tutti.attempt"], 3)

    def test_shows_a_body_that_is_no_text(self):
        self.die("a-1", b"\xff\x00")

        self.assertEqual(json.loads(self.ask("show", "a-1", "--json")[1])[0]["body_base64"], "/wA=")

    def test_replays_one_into_its_handlers_own_queue_as_it_was_first(self):
        for message_id in ("a-1", "b-2", "c-3"):
            self.die(message_id)

        self.assertEqual(self.ask("replay", "b-2"), (0, "replayed 1\n", ""))

        method, properties, body = self.channel.basic_get(QUEUE, auto_ack=True)
        self.assertEqual((properties.message_id, json.loads(body), properties.delivery_mode), ("b-2", {"id": "b-2"}, 2))
        self.assertEqual(properties.headers, {"nameko.call_id_stack": ["shop.place.1"], "tutti.exchange": "shop.events", "tutti.routing-key": "placed"})
        self.assertEqual(self.ids(DEAD), ["a-1", "c-3"])

    def test_replays_all_in_their_order(self):
        for number in range(200):
            self.die("id-%d" % number)

        self.assertEqual(json.loads(self.ask("replay", "--all", "--json")[1]), {"replayed": 200})

        self.assertEqual(self.ids(QUEUE), ["id-%d" % number for number in range(200)])
        self.assertEqual(self.waiting(DEAD), 0)

    def test_keeps_what_it_cannot_replay(self):
        self.die("a-1")
        self.channel.queue_delete(QUEUE)
        self.die("c-3", queue=BROADCAST + "-1", dead=BROADCAST_DEAD)
        self.die("d-4", queue="somebody-elses", dead=BROADCAST_DEAD)

        code, out, err = self.ask("replay", "--all")

        self.assertEqual((code, out), (1, "replayed 0\n"))
        self.assertIn("a-1: its queue %s is not there" % QUEUE, err)
        self.assertIn("c-3: the instance that gave it up is gone", err)
        self.assertIn("d-4: it does not say which instance gave it up", err)
        self.assertEqual(self.ids(DEAD) + self.ids(BROADCAST_DEAD), ["a-1", "c-3", "d-4"])

    def test_purges_one_or_all(self):
        for message_id in ("a-1", "b-2", "c-3"):
            self.die(message_id)

        self.assertEqual(self.ask("purge", "b-2"), (0, "purged 1\n", ""))
        self.assertEqual([one["id"] for one in json.loads(self.ask("--json")[1])], ["a-1", "c-3"])
        self.assertEqual(self.ask("purge", "--all"), (0, "purged 2\n", ""))
        self.assertEqual(self.waiting(DEAD), 0)
        self.assertEqual(self.waiting(QUEUE), 0)

    def test_refuses_an_id_that_is_not_there_or_not_the_only_one(self):
        self.die("ab-1")
        self.die("ab-2")

        self.assertEqual(self.ask("replay", "zz"), (1, "", 'there is no dead letter "zz"; dead-letters lists them\n'))
        self.assertEqual(self.ask("purge", "ab"), (1, "", '2 dead letters have ids that begin with "ab"; give more of it\n'))
        self.assertEqual(self.ids(DEAD), ["ab-1", "ab-2"])

    def test_refuses_words_that_it_does_not_know(self):
        for words, part in ((("bury",), '"bury"'), (("show",), "the ID of one"), (("replay",), "the ID of one, or --all"),
                            (("purge", "a-1", "--all"), "the ID of one, or --all"), (("list", "a-1"), "takes no ID"), (("show", "a", "b"), '"b"')):
            with self.subTest(words=words):
                code, out, err = self.ask(*words)
                self.assertEqual((code, out), (2, ""))
                self.assertIn(part, err)

    def test_says_what_keeps_it_from_the_broker(self):
        without = subprocess.run([PARCELS, "dead-letters"], capture_output=True, text=True, timeout=60)
        away = subprocess.run([PARCELS, "dead-letters", "--tutti.broker.uri=amqp://127.0.0.1:1,127.0.0.1:2"], capture_output=True, text=True, timeout=60)
        password = subprocess.run([PARCELS, "dead-letters", "--tutti.broker.uri=amqp://guest:secret@127.0.0.1:%d" % self.broker.port],
                                  capture_output=True, text=True, timeout=60)

        self.assertEqual(without.returncode, 78)
        self.assertIn("tutti.broker.uri is not set", without.stderr)
        self.assertEqual(away.returncode, 1)
        self.assertIn("cannot connect to 127.0.0.1:2", away.stderr)
        self.assertEqual(password.returncode, 1)
        self.assertIn("refused", password.stderr.lower())
        self.assertNotIn("secret", password.stderr)

    def test_loses_nothing_when_it_is_killed_in_the_middle(self):
        ids = ["id-%04d" % number for number in range(3_000)]
        for message_id in ids:
            self.die(message_id)
        until(lambda: self.waiting(DEAD) == len(ids), "all lie there")

        process = subprocess.Popen(self.command("replay", "--all"), stdout=subprocess.DEVNULL)
        until(lambda: self.waiting(QUEUE) > 100, "some are replayed")
        process.send_signal(signal.SIGKILL)
        process.wait()
        until(lambda: self.waiting(DEAD) + self.waiting(QUEUE) >= len(ids), "what it had taken is back")

        replayed, left = self.ids(QUEUE), self.ids(DEAD)
        self.assertGreater(len(left), 0, "it was not killed in the middle")
        self.assertEqual(sorted(set(replayed) | set(left)), ids)
        self.assertLessEqual(len(set(replayed) & set(left)), 1, "more than the one in its hands is there twice")
        self.assertEqual(replayed, ids[:len(replayed)])


unittest.main()

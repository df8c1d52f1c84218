"""python3-pika against the broker: declaring, routing, consuming, settling, confirms, errors."""
import select
import socket
import struct
import time
import unittest

import pika
from broker_program import BrokerProgram, until

Properties = pika.BasicProperties


class Pika(BrokerProgram):
    def setUp(self):
        super().setUp()
        self.connections = []
        self.connection = self.connect()
        self.channel = self.connection.channel()

    def tearDown(self):
        for connection in self.connections:
            if connection.is_open:
                connection.close()
        super().tearDown()

    def connect(self, user="guest", password="guest", host="/", **others):
        connection = pika.BlockingConnection(pika.ConnectionParameters(
            "127.0.0.1", self.port, host, pika.PlainCredentials(user, password), **others))
        self.connections.append(connection)
        return connection

    def take(self, queue, auto_ack=True, channel=None):
        """The next message's body, or None."""
        return (channel or self.channel).basic_get(queue, auto_ack=auto_ack)[2]

    def take_all(self, queue):
        bodies = []
        while (body := self.take(queue)) is not None:
            bodies.append(body)
        return bodies

    def pump(self, condition, what, seconds=10):
        """Takes what comes until the condition holds."""
        until(lambda: self.connection.process_data_events(0.01) or condition(), what, seconds)

    def ready(self, queue):
        return self.channel.queue_declare(queue, passive=True).method.message_count

    def assertRefused(self, code, operation, *words, **named):
        """The operation closes a channel of its own with that code."""
        channel = self.connection.channel()
        with self.assertRaises(pika.exceptions.ChannelClosedByBroker) as caught:
            getattr(channel, operation)(*words, **named)
        self.assertEqual(caught.exception.reply_code, code)
        return caught.exception.reply_text

    # ---- messages

    def test_a_message_arrives_as_it_was_sent(self):
        self.channel.queue_declare("q")
        properties = Properties(content_type="application/json", headers={"a": 1, "list": ["x", {"y": True}]}, delivery_mode=2,
                                priority=3, correlation_id="c", reply_to="r", message_id="m", timestamp=17, type="t", app_id="shop")

        self.channel.basic_publish("", "q", b"\x00body\xff", properties)

        method, got, body = self.channel.basic_get("q", auto_ack=True)
        self.assertEqual((method.exchange, method.routing_key, method.redelivered), ("", "q", False))
        self.assertEqual(got, properties)
        self.assertEqual(body, b"\x00body\xff")

    def test_empty_and_large_bodies(self):
        self.channel.queue_declare("q")
        large = bytes(range(256)) * 8192  # 2 MiB: many frames

        self.channel.basic_publish("", "q", b"")
        self.channel.basic_publish("", "q", large)

        self.assertEqual(self.take("q"), b"")
        self.assertEqual(self.take("q"), large)

    def test_messages_are_consumed_in_order(self):
        self.channel.queue_declare("q")
        for number in range(2000):
            self.channel.basic_publish("", "q", b"%d" % number)

        got = []
        for method, _, body in self.channel.consume("q"):
            got.append(int(body))
            self.channel.basic_ack(method.delivery_tag)
            if len(got) == 2000:
                break

        self.assertEqual(got, list(range(2000)))

    # ---- exchanges

    def bound(self, kind, *keys, **arguments):
        """Queues q0, q1, ... bound to an exchange x with these keys."""
        self.channel.exchange_declare("x", kind)
        for number, key in enumerate(keys):
            self.channel.queue_declare("q%d" % number)
            self.channel.queue_bind("q%d" % number, "x", key, **arguments)

    def test_a_direct_exchange_compares_keys(self):
        self.bound("direct", "a", "b", "a")

        self.channel.basic_publish("x", "a", b"m")

        self.assertEqual([self.ready("q%d" % i) for i in range(3)], [1, 0, 1])

    def test_a_fanout_exchange_knows_no_keys(self):
        self.bound("fanout", "a", "b")

        self.channel.basic_publish("x", "whatever", b"m")

        self.assertEqual([self.ready("q%d" % i) for i in range(2)], [1, 1])

    def test_a_topic_exchange_matches_words(self):
        self.bound("topic", "orders.*", "orders.#", "#.paid", "*.*.paid", "orders", "#")

        for key in ("orders", "orders.paid", "orders.eu.paid", ""):
            self.channel.basic_publish("x", key, key.encode())

        self.assertEqual([self.take_all("q%d" % i) for i in range(6)], [
            [b"orders.paid"],
            [b"orders", b"orders.paid", b"orders.eu.paid"],
            [b"orders.paid", b"orders.eu.paid"],
            [b"orders.eu.paid"],
            [b"orders"],
            [b"orders", b"orders.paid", b"orders.eu.paid", b""]])

    def test_a_headers_exchange_compares_headers(self):
        self.channel.exchange_declare("x", "headers")
        for queue, arguments in (("all", {"x-match": "all", "a": 1, "b": "two"}), ("any", {"x-match": "any", "a": 1, "b": "two"})):
            self.channel.queue_declare(queue)
            self.channel.queue_bind(queue, "x", "", arguments)

        self.channel.basic_publish("x", "", b"both", Properties(headers={"a": 1, "b": "two"}))
        self.channel.basic_publish("x", "", b"one", Properties(headers={"a": 1}))
        self.channel.basic_publish("x", "", b"none")

        self.assertEqual(self.take_all("all"), [b"both"])
        self.assertEqual(self.take_all("any"), [b"both", b"one"])

    def test_exchanges_are_bound_to_exchanges_and_a_message_comes_once(self):
        self.bound("topic", "a.#", "b.#")
        self.channel.queue_bind("q0", "x", "a.*")
        self.channel.exchange_declare("front", "fanout")
        self.channel.exchange_bind("x", "front")
        self.channel.exchange_bind("front", "x", "#")  # a circle

        self.channel.basic_publish("front", "a.b", b"m")

        self.assertEqual([self.ready("q0"), self.ready("q1")], [1, 0])
        self.channel.exchange_unbind("x", "front")
        self.channel.basic_publish("front", "a.b", b"m")
        self.assertEqual(self.ready("q0"), 1)

    def test_the_alternate_exchange_gets_what_has_no_route(self):
        self.channel.exchange_declare("rest", "fanout")
        self.channel.queue_declare("q")
        self.channel.queue_bind("q", "rest")
        self.channel.exchange_declare("x", "direct", arguments={"alternate-exchange": "rest"})

        self.channel.basic_publish("x", "nowhere", b"m")

        self.assertEqual(self.take("q"), b"m")

    # ---- consumers

    def test_prefetch_bounds_what_is_unacknowledged(self):
        self.channel.queue_declare("q")
        for number in range(5):
            self.channel.basic_publish("", "q", b"%d" % number)
        got = []
        self.channel.basic_qos(prefetch_count=2)
        self.channel.basic_consume("q", lambda ch, method, properties, body: got.append((method.delivery_tag, body)))

        self.assertEqual(self.ready("q"), 3)
        self.pump(lambda: len(got) == 2, "two messages")
        self.channel.basic_ack(got[0][0])
        self.assertEqual(self.ready("q"), 2)
        self.pump(lambda: len(got) == 3, "another one")
        self.channel.basic_ack(got[2][0], multiple=True)

        self.pump(lambda: len(got) == 5, "the others")
        self.assertEqual([body for _, body in got], [b"0", b"1", b"2", b"3", b"4"])

    def test_consumers_take_turns(self):
        self.channel.queue_declare("q")
        got = {"a": [], "b": []}
        for tag in got:
            self.channel.basic_consume("q", lambda ch, method, p, body: got[method.consumer_tag].append(body), auto_ack=True,
                                       consumer_tag=tag)

        for number in range(10):
            self.channel.basic_publish("", "q", b"%d" % number)
        self.pump(lambda: sum(len(bodies) for bodies in got.values()) == 10, "all messages")

        self.assertEqual([len(bodies) for bodies in got.values()], [5, 5])

    def test_what_is_rejected_comes_back_to_its_place_marked(self):
        self.channel.queue_declare("q")
        for body in (b"0", b"1", b"2"):
            self.channel.basic_publish("", "q", body)
        tags = [self.channel.basic_get("q")[0].delivery_tag for _ in range(3)]

        self.channel.basic_reject(tags[1], requeue=True)
        self.channel.basic_nack(tags[2], requeue=False)
        self.channel.basic_nack(tags[0], requeue=True)

        method, _, body = self.channel.basic_get("q", auto_ack=True)
        self.assertEqual((body, method.redelivered), (b"0", True))
        self.assertEqual(self.take_all("q"), [b"1"])

    def test_what_a_lost_connection_had_comes_back(self):
        other = self.connect()
        channel = other.channel()
        channel.queue_declare("q")
        channel.basic_publish("", "q", b"m")
        self.assertIsNotNone(self.take("q", auto_ack=False, channel=channel))
        self.assertEqual(self.ready("q"), 0)

        self.connections.remove(other)
        other._impl._transport._sock.shutdown(socket.SHUT_RDWR)

        until(lambda: self.ready("q") == 1, "the message is back")
        method, _, _ = self.channel.basic_get("q", auto_ack=True)
        self.assertTrue(method.redelivered)

    def test_a_consumer_is_told_that_its_queue_is_gone(self):
        self.channel.queue_declare("q")
        told = []
        self.channel.add_on_cancel_callback(lambda frame: told.append(frame.method.consumer_tag))
        self.channel.basic_consume("q", lambda *_: None, consumer_tag="c")

        self.connect().channel().queue_delete("q")

        self.pump(lambda: told, "the cancel")
        self.assertEqual(told, ["c"])

    # ---- confirms

    def test_confirms_and_returns(self):
        self.channel.queue_declare("q")
        self.channel.confirm_delivery()

        self.channel.basic_publish("", "q", b"m", mandatory=True)

        with self.assertRaises(pika.exceptions.UnroutableError) as caught:
            self.channel.basic_publish("", "nobody", b"m", mandatory=True)
        self.assertEqual(caught.exception.messages[0].method.reply_code, 312)
        self.channel.basic_publish("", "nobody", b"m")  # confirmed, and gone

    def test_a_full_queue_rejects_or_drops_its_head(self):
        self.channel.queue_declare("dropping", arguments={"x-max-length": 2})
        self.channel.queue_declare("refusing", arguments={"x-max-length": 2, "x-overflow": "reject-publish"})
        self.channel.confirm_delivery()

        for body in (b"0", b"1", b"2"):
            self.channel.basic_publish("", "dropping", body)
        for body in (b"0", b"1"):
            self.channel.basic_publish("", "refusing", body)
        with self.assertRaises(pika.exceptions.NackError):
            self.channel.basic_publish("", "refusing", b"2")

        self.assertEqual(self.take_all("dropping"), [b"1", b"2"])
        self.assertEqual(self.take_all("refusing"), [b"0", b"1"])

    # ---- time, dead letters, priorities

    def test_messages_and_queues_expire(self):
        self.channel.queue_declare("short", arguments={"x-message-ttl": 50})
        self.channel.queue_declare("long")
        self.channel.queue_declare("unused", arguments={"x-expires": 50})
        self.channel.basic_publish("", "short", b"m")
        self.channel.basic_publish("", "long", b"m", Properties(expiration="50"))

        until(lambda: self.ready("short") == 0 and self.ready("long") == 0, "both are gone")

        self.connection.sleep(0.1)
        self.assertRefused(404, "queue_declare", "unused", passive=True)

    def test_the_dead_go_to_their_exchange_with_their_story(self):
        self.channel.exchange_declare("dead", "fanout")
        self.channel.queue_declare("graves")
        self.channel.queue_bind("graves", "dead")
        self.channel.queue_declare("q", arguments={"x-dead-letter-exchange": "dead", "x-dead-letter-routing-key": "k"})
        self.channel.basic_publish("", "q", b"m", Properties(headers={"mine": 1}, expiration="60000"))
        method, _, _ = self.channel.basic_get("q")

        self.channel.basic_reject(method.delivery_tag, requeue=False)

        until(lambda: self.ready("graves") == 1, "it is dead")
        method, properties, body = self.channel.basic_get("graves", auto_ack=True)
        self.assertEqual((body, method.exchange, method.routing_key), (b"m", "dead", "k"))
        self.assertIsNone(properties.expiration)
        self.assertEqual(properties.headers["mine"], 1)
        death = properties.headers["x-death"][0]
        self.assertEqual((death["queue"], death["reason"], death["count"], death["exchange"], death["routing-keys"],
                          death["original-expiration"]), ("q", "rejected", 1, "", ["q"], "60000"))
        self.assertEqual(properties.headers["x-first-death-queue"], "q")

    def test_a_delay_queue_gives_back_and_counts(self):
        self.channel.queue_declare("work", arguments={"x-dead-letter-exchange": "", "x-dead-letter-routing-key": "delay"})
        self.channel.queue_declare("delay", arguments={"x-dead-letter-exchange": "", "x-dead-letter-routing-key": "work",
                                                       "x-message-ttl": 20})
        self.channel.basic_publish("", "work", b"m")

        for attempt in range(3):
            until(lambda: self.ready("work") == 1, "it is back")
            method, properties, _ = self.channel.basic_get("work")
            self.assertEqual([d["count"] for d in (properties.headers or {}).get("x-death", [])], [attempt] * (2 if attempt else 0))
            self.channel.basic_reject(method.delivery_tag, requeue=False)

    def test_a_circle_without_a_rejection_ends(self):
        self.channel.queue_declare("q", arguments={"x-dead-letter-exchange": "", "x-dead-letter-routing-key": "q", "x-message-ttl": 20})

        self.channel.basic_publish("", "q", b"m")

        until(lambda: self.ready("q") == 0, "the message is gone")

    def test_priorities_come_first(self):
        self.channel.queue_declare("q", arguments={"x-max-priority": 5})
        for priority in (1, 5, None, 9, 1):
            self.channel.basic_publish("", "q", b"%d" % (priority or 0), Properties(priority=priority))

        self.assertEqual(self.take_all("q"), [b"5", b"9", b"1", b"1", b"0"])

    def test_one_consumer_is_active_and_another_takes_over(self):
        self.channel.queue_declare("q", arguments={"x-single-active-consumer": True})
        got = []
        for tag in ("first", "second"):
            self.channel.basic_consume("q", lambda ch, method, p, body: got.append(method.consumer_tag), auto_ack=True,
                                       consumer_tag=tag)
        for _ in range(3):
            self.channel.basic_publish("", "q", b"m")
        self.pump(lambda: len(got) == 3, "three messages")
        self.channel.basic_cancel("first")
        self.channel.basic_publish("", "q", b"m")

        self.pump(lambda: len(got) == 4, "the fourth")
        self.assertEqual(got, ["first"] * 3 + ["second"])

    def test_consumers_of_a_higher_priority_come_first(self):
        self.channel.queue_declare("q")
        got = []
        self.channel.basic_qos(prefetch_count=2)
        for tag, arguments in (("low", {"x-priority": -1}), ("usual", None), ("high", {"x-priority": 10}), ("high too", {"x-priority": 10})):
            self.channel.basic_consume("q", lambda ch, method, p, body: got.append(method), consumer_tag=tag, arguments=arguments)

        for _ in range(8):
            self.channel.basic_publish("", "q", b"m")
        self.pump(lambda: len(got) == 8, "all are delivered")
        self.assertEqual([method.consumer_tag for method in got], ["high", "high too"] * 2 + ["usual"] * 2 + ["low"] * 2)
        self.channel.basic_ack(got[3].delivery_tag)  # "high too" has room again
        self.channel.basic_ack(got[7].delivery_tag)  # "low", too
        self.channel.basic_publish("", "q", b"m")

        self.pump(lambda: len(got) == 9, "one more")
        self.assertEqual(got[8].consumer_tag, "high too")
        self.assertRefused(406, "basic_consume", "q", lambda *_: None, arguments={"x-priority": "high"})

    # ---- queues

    def test_server_named_exclusive_and_auto_delete_queues(self):
        other = self.connect()
        channel = other.channel()
        name = channel.queue_declare("", exclusive=True).method.queue
        self.assertTrue(name.startswith("amq.gen-"))
        channel.queue_declare("fleeting", auto_delete=True)
        channel.basic_consume("fleeting", lambda *_: None, consumer_tag="c")
        self.assertRefused(405, "queue_declare", name, passive=True)

        channel.basic_cancel("c")
        self.assertRefused(404, "queue_declare", "fleeting", passive=True)
        other.close()
        self.assertRefused(404, "queue_declare", name, passive=True)

    def test_purge_and_delete_tell_how_many(self):
        self.channel.queue_declare("q")
        for _ in range(3):
            self.channel.basic_publish("", "q", b"m")
        self.assertRefused(406, "queue_delete", "q", if_empty=True)

        self.assertEqual(self.channel.queue_purge("q").method.message_count, 3)
        self.channel.basic_publish("", "q", b"m")
        self.assertEqual(self.channel.queue_delete("q").method.message_count, 1)
        self.assertEqual(self.channel.queue_delete("q").method.message_count, 0)

    # ---- refusals

    def test_what_is_wrong_closes_the_channel_with_its_code(self):
        self.channel.queue_declare("q", durable=True, arguments={"x-expires": 60000})
        self.channel.exchange_declare("x", "direct")
        self.channel.queue_declare("q", durable=True, arguments={"x-expires": 60000})  # the same again is fine

        self.assertRefused(406, "queue_declare", "q")
        self.assertIn("x-expires", self.assertRefused(406, "queue_declare", "q", durable=True, arguments={"x-expires": 1}))
        self.assertRefused(406, "queue_declare", "other", arguments={"x-message-ttl": "soon"})
        self.assertRefused(404, "queue_declare", "missing", passive=True)
        self.assertRefused(404, "exchange_declare", "missing", passive=True)
        self.assertRefused(406, "exchange_declare", "x", "topic")
        self.assertRefused(403, "exchange_declare", "amq.mine", "topic")
        self.assertRefused(403, "queue_bind", "q", "", "key")
        self.assertRefused(404, "queue_bind", "q", "missing", "key")
        self.assertRefused(404, "basic_get", "missing")

    def test_publishing_to_a_missing_exchange_closes_the_channel(self):
        self.channel.basic_publish("missing", "k", b"m")

        with self.assertRaises(pika.exceptions.ChannelClosedByBroker) as caught:
            self.channel.queue_declare("q")
        self.assertEqual(caught.exception.reply_code, 404)
        self.assertEqual(self.connection.channel().queue_declare("q").method.queue, "q")  # the connection goes on

    def test_an_unknown_delivery_tag_closes_the_channel(self):
        self.channel.basic_ack(17)

        with self.assertRaises(pika.exceptions.ChannelClosedByBroker) as caught:
            self.channel.queue_declare("q")
        self.assertEqual(caught.exception.reply_code, 406)

    # ---- what it has not

    def assertNotImplemented(self, word, operation, *words, **named):
        """It closes the connection with 540 and a sentence that has the word in it."""
        channel = self.connect().channel()
        with self.assertRaises(pika.exceptions.ConnectionClosedByBroker) as caught:
            getattr(channel, operation)(*words, **named)
            channel.queue_declare("q", passive=True)  # of what has no answer it is heard here
        self.assertEqual(caught.exception.reply_code, 540)
        self.assertIn(word, caught.exception.reply_text)

    def test_transactions_are_not_implemented(self):
        for operation in ("tx_select", "tx_commit", "tx_rollback"):
            self.assertNotImplemented("transactions", operation)

    def test_queues_of_other_types_are_not_implemented(self):
        for kind in ("quorum", "stream", "x-of-a-plugin"):
            self.assertNotImplemented("x-queue-type " + kind, "queue_declare", "q", durable=True, arguments={"x-queue-type": kind})

    def test_a_classic_queue_may_be_called_so(self):
        self.channel.queue_declare("q", durable=True, arguments={"x-queue-type": "classic"})
        self.channel.basic_publish("", "q", b"m")

        self.channel.queue_declare("q", durable=True)
        self.assertEqual(self.take("q"), b"m")
        self.channel.queue_declare("q", durable=True, arguments={"x-queue-type": "classic"})

    def test_redelivery_to_the_same_consumer_is_not_implemented(self):
        self.assertNotImplemented("requeue=false", "basic_recover", requeue=False)

    def test_new_secrets_are_not_implemented(self):
        channel = self.connect().channel()
        payload = struct.pack(">HHI", 10, 70, 3) + b"new" + b"\3why"

        channel.connection._impl._output_marshaled_frames([struct.pack(">BHI", 1, 0, len(payload)) + payload + b"\xce"])

        with self.assertRaises(pika.exceptions.ConnectionClosedByBroker) as caught:
            channel.queue_declare("q")
        self.assertEqual((caught.exception.reply_code, caught.exception.reply_text), (540, "NOT_IMPLEMENTED - secrets that change"))

    def test_direct_replies_need_no_queue(self):
        direct = "amq.rabbitmq.reply-to"
        answers = []
        server = self.connect().channel()
        server.queue_declare("requests")

        self.channel.basic_consume(direct, lambda ch, method, properties, body: answers.append(body), auto_ack=True)
        self.channel.basic_publish("", "requests", b"1", Properties(reply_to=direct, correlation_id="c"))
        until(lambda: self.ready("requests") == 1, "the request is there")
        _, properties, body = server.basic_get("requests", auto_ack=True)
        server.basic_publish("", properties.reply_to, body + b" done")
        server.basic_publish("", direct + ".guessed", b"lost")

        self.pump(lambda: answers, "the answer")
        self.assertEqual(answers, [b"1 done"])
        self.assertTrue(properties.reply_to.startswith(direct + "."))
        self.assertEqual(properties.correlation_id, "c")
        self.assertRefused(406, "basic_consume", direct, lambda *_: None)
        self.channel.close()
        self.assertRefused(404, "queue_declare", properties.reply_to, passive=True)

    def test_who_never_reads_its_returns_is_not_read_for_ever(self):
        """16 MiB of unsent returns, and no more is taken; others go on."""
        body = b"x" * 100000
        sock = self.connection._impl._transport._sock
        self.channel.basic_publish("", "nobody", body, mandatory=True)
        sock.setblocking(False)
        one = b"".join(frame.marshal() for frame in (
            pika.frame.Method(1, pika.spec.Basic.Publish(exchange="", routing_key="nobody", mandatory=True)),
            pika.frame.Header(1, len(body), Properties()), pika.frame.Body(1, body)))
        sent, pending = 0, b""
        full = time.monotonic()
        while time.monotonic() < full + 1 and sent < 400 << 20:  # until it is not taken for a second
            pending = pending or one
            try:
                count = sock.send(pending)
                sent, pending, full = sent + count, pending[count:], time.monotonic()
            except BlockingIOError:
                select.select([], [sock], [], 0.1)
        self.connections.remove(self.connection)

        self.assertLess(sent, 100 << 20)
        self.assertEqual(self.connect().channel().queue_declare("q").method.queue, "q")
        sock.close()

    def test_wrong_passwords_and_hosts_are_refused(self):
        with self.assertRaises(pika.exceptions.ProbableAuthenticationError):
            self.connect(password="wrong")
        with self.assertRaisesRegex(pika.exceptions.ProbableAccessDeniedError, "530"):
            self.connect(host="missing")

    # ---- the connection

    def test_heartbeats_keep_it_and_silence_ends_it(self):
        silent = self.connect(heartbeat=1)
        lively = self.connect(heartbeat=1)

        silent._impl._heartbeat_checker.stop()  # and it is not read meanwhile
        lively.sleep(3.5)

        lively.channel().queue_declare("q")
        with self.assertRaises(pika.exceptions.AMQPConnectionError):
            silent.channel()

    def test_stopping_tells_the_clients(self):
        self.process.terminate()

        with self.assertRaises(pika.exceptions.ConnectionClosedByBroker) as caught:
            self.connection.process_data_events(5)
            self.channel.queue_declare("q")
        self.assertEqual(caught.exception.reply_code, 320)
        self.assertEqual(self.process.wait(30), 0)


class PikaWithJournal(Pika):
    """The same again: waiting for the disk changes no behaviour."""
    words = ("--data", "data")


class Hosts(BrokerProgram):
    words = ("--vhost", "shop", "--vhost", "mailbox", "--users", "users")

    def setUp(self):
        self.users = "# who may\nada:love:lace\n[shop]\nmails:m\n[mailbox shop]\nboth:b\n"
        super().setUp()

    def start(self):
        with open(self.path("users"), "w") as f:
            f.write(self.users)
        super().start()

    def connect(self, host, user="ada", password="love:lace"):
        return pika.BlockingConnection(pika.ConnectionParameters("127.0.0.1", self.port, host, pika.PlainCredentials(user, password)))

    def test_virtual_hosts_are_apart(self):
        self.connect("/").channel().queue_declare("q")

        with self.assertRaises(pika.exceptions.ChannelClosedByBroker) as caught:
            self.connect("shop").channel().queue_declare("q", passive=True)
        self.assertEqual(caught.exception.reply_code, 404)

    def test_a_user_enters_his_virtual_hosts_only(self):
        allowed = {"ada": ("/", "shop", "mailbox"), "mails": ("shop",), "both": ("shop", "mailbox")}
        for user, password in (("ada", "love:lace"), ("mails", "m"), ("both", "b")):
            for host in ("/", "shop", "mailbox"):
                if host in allowed[user]:
                    self.connect(host, user, password).close()
                    continue
                with self.assertRaisesRegex(pika.exceptions.ProbableAccessDeniedError,
                                            r"\(530\) .*access to vhost '%s' refused for user '%s'" % (host, user)):
                    self.connect(host, user, password)


if __name__ == "__main__":
    unittest.main()

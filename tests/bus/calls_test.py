"""A service as a process with calls over a broker, and on the other side Nameko's wire in Python: called by it, and calling it.
calls_test.py (embedded|rabbitmq) TUTTI COUNTER"""
import json
import pathlib
import signal
import sys
import tempfile
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from brokers import RABBITMQ, Cutter, Embedded, RabbitMQ, until  # noqa: E402
from service_program import ServiceProgram  # noqa: E402
from nameko_wire import EXCHANGE, Announcer, Client, Listener, RemoteError, Service, UnknownService  # noqa: E402

import subprocess  # noqa: E402

import kombu  # noqa: E402

KIND, TUTTI, COUNTER = sys.argv.pop(1), sys.argv.pop(1), sys.argv.pop(1)
if KIND == "rabbitmq" and not RABBITMQ.exists():
    print("skipped: rabbitmq-server is not installed")
    sys.exit(77)

OPERATOR, CLERK = "operator-token-0123456789", "clerk-token-0123456789"


class SoldOut(Exception):
    pass


class Counter(ServiceProgram):
    def __init__(self, uri, folder, *more):
        super().__init__(COUNTER, uri, folder, "--tutti.rpc.amqp=true", "--tutti.targets.books.transport=amqp",
                         "--tutti.targets.books.endpoints_file=/given/to/all/by/tutti/up", *more)

    def counted(self, method):
        return self.get("/counted")["calls"].get(method, 0)

    def ask(self, method, title="emma", copies=1, headers={}):
        """What the service got when it called books.<method>."""
        status, text = self.post("/ask", {"method": method, "title": title, "copies": copies}, headers)
        assert status == 200, (status, text)
        return json.loads(text)["text"]


class Case(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.broker = Embedded(TUTTI) if KIND == "embedded" else RabbitMQ()

    @classmethod
    def tearDownClass(cls):
        cls.broker.end()

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.counter = self.start()

    def uri(self):
        return "amqp://guest:guest@127.0.0.1:%d//" % self.broker.port

    def start(self, *more, uri=None):
        service = Counter(uri or self.uri()[:-1], self.folder.name, *more)
        self.addCleanup(service.end)
        until(lambda: service.ready() == "", lambda: service.ready() + service.log.read_text())
        return service

    def client(self):
        client = Client(self.uri())
        self.addCleanup(client.close)
        return client

    def serve(self, **methods):
        service = Service(self.uri(), "books", methods)
        self.addCleanup(service.end)
        self.assertTrue(service.ready.wait(60))
        return service


class Called(Case):
    """By a Nameko client."""

    def setUp(self):
        super().setUp()
        self.python = self.client()

    def raised(self, *args, **kwargs):
        with self.assertRaises(RemoteError) as caught:
            self.python.call(*args, **kwargs)
        return caught.exception.error

    def test_takes_arguments_by_position_and_by_name(self):
        self.assertEqual(self.python.call("counter", "add", 1, 2), {"sum": 3})
        self.assertEqual(self.python.call("counter", "add", 1, b=2, note="é"), {"sum": 3, "note": "é"})
        self.assertEqual(self.python.call("counter", "add", a=1, b=2), {"sum": 3})
        self.assertIsNone(self.python.call("counter", "note", 1, 2))

    def test_answers_as_nameko_answers(self):
        number = self.python.send("counter", "add", [1, 2])
        body, message = self.python.wait(number)

        self.assertEqual(body, {"result": {"sum": 3}, "error": None})
        self.assertEqual((message.content_type, message.content_encoding, message.headers), ("application/json", "utf-8", {}))
        self.assertEqual(message.delivery_info["routing_key"], self.python.reply_to)

    def test_says_that_a_method_is_not_there(self):
        self.assertEqual(self.raised("counter", "divide", 1), {"exc_type": "MethodNotFound", "exc_path": "nameko.exceptions.MethodNotFound",
                                                               "exc_args": ["divide"], "value": "divide"})

    def test_says_that_arguments_do_not_fit(self):
        error = self.raised("counter", "add", 1)
        self.assertEqual((error["exc_path"], error["value"]), ("nameko.exceptions.IncorrectSignature", "add() missing 1 required positional argument: 'b'"))
        self.assertEqual(self.raised("counter", "who", 1)["exc_path"], "nameko.exceptions.IncorrectSignature")
        error = self.raised("counter", "add", "one", 2)
        self.assertEqual((error["exc_type"], error["exc_path"]), ("InvalidArgument", "tutti.invalid_argument"))
        self.assertIn("a: expected a whole number", error["value"])

    def test_tells_the_errors_of_handlers(self):
        error = self.raised("counter", "add", -1, 2)
        self.assertEqual(error, {"exc_type": "Negative", "exc_path": "counter.Negative", "exc_args": ["a is negative", -1],
                                 "value": '{"reason":"a is negative","number":-1}', "fields": {"reason": "a is negative", "number": -1}})
        error = self.raised("counter", "add", 1, -2)
        self.assertEqual((error["exc_type"], error["exc_path"], error["exc_args"]), ("OutOfRange", "tutti.out_of_range", ["b is negative"]))
        error = self.raised("counter", "add", 1, 2, "boom")
        self.assertEqual(error["exc_path"], "tutti.internal")
        self.assertNotIn("secret", str(error))

    def test_answers_what_is_no_request(self):
        for body in (b"no json", b"\xff\x00", b"", b"[]", b"null", b'{"args": [1, 2]}', b'{"args": 1, "kwargs": 2}'):
            with self.subTest(body=body):
                answer = self.python.answer("counter", "add", body=body)
                self.assertEqual(answer["error"]["exc_path"], "nameko.exceptions.MalformedRequest")
        answer = self.python.answer("counter", "add", body=b"\x80\x04N.", content_type="application/x-python-serialize", content_encoding="binary")
        self.assertEqual(answer["error"]["exc_path"], "nameko.exceptions.MalformedRequest")

    def test_stays_alive_when_a_request_cannot_be_answered(self):
        channel = self.python.connection.channel()
        for properties in ({}, {"message_id": "x"}, {"reply_to": ""}, {"reply_to": "nobody"}, {"correlation_id": "x" * 255, "reply_to": "y" * 255}):
            channel.basic_publish(channel.prepare_message(b'{"args": [1, 2], "kwargs": {}}', content_type=None, content_encoding=None, properties=properties), "nameko-rpc", "counter.add")
        channel.basic_publish(channel.prepare_message(b'{"args": [1, 2], "kwargs": {}}', content_type=None, content_encoding=None, headers={"nameko.call_id_stack": 7, "traceparent": [1]},
                                                      properties={"reply_to": self.python.reply_to, "correlation_id": "odd"}), "nameko-rpc", "counter.add")

        self.assertEqual(self.python.wait("odd")[0]["result"], {"sum": 3})  # also without a content type
        self.assertEqual(self.counter.counted("add"), 3)  # with reply_to only
        self.assertEqual(kombu.Queue("rpc-counter", EXCHANGE, "counter.*", durable=True)(channel).queue_declare().message_count, 0)

    def test_has_a_queue_that_namekos_own_declaration_accepts(self):
        queue = kombu.Queue("rpc-counter", EXCHANGE, "counter.*", durable=True)(self.python.connection.channel())
        queue.declare()

    def test_takes_trace_and_deadline_from_the_headers(self):
        trace = "0af7651916cd43dd8448eb211c80319c"
        for key in ("traceparent", "nameko.traceparent"):  # the second is what a Nameko service makes of the first
            who = self.python.call("counter", "who", headers={key: "00-%s-b7ad6b7169203331-01" % trace, "tutti.deadline-ms": 700})
            self.assertEqual((who["trace"], who["method"]), (trace, "who"))
            self.assertLessEqual(who["remaining_ms"], 700)

    def test_believes_no_identity_that_a_header_claims(self):
        for headers in ({}, {"tutti.identity": "operator"}, {"nameko.user_id": "operator"}, {"nameko.identity": "operator"},
                        {"authorization": CLERK}, {"nameko.tutti.identity": "operator"}, {"nameko.authorization": "Bearer " + OPERATOR}):
            with self.subTest(headers=headers):
                self.assertEqual(self.python.call("counter", "who", headers=headers)["name"], "anonymous")
                self.assertEqual(self.raised("counter", "secret", headers=headers)["exc_path"], "tutti.unauthenticated")
        clerk = {"authorization": "Bearer " + CLERK, "tutti.identity": "operator"}
        self.assertEqual(self.python.call("counter", "who", headers=clerk)["name"], "clerk")
        self.assertEqual(self.raised("counter", "secret", headers=clerk)["exc_path"], "tutti.permission_denied")
        self.assertEqual(self.raised("counter", "who", headers={"authorization": "Bearer wrong-token-0123456789"})["exc_path"], "tutti.unauthenticated")

    def test_knows_who_proves_himself(self):
        self.assertEqual(self.python.call("counter", "secret", headers={"authorization": "Bearer " + OPERATOR})["name"], "operator")
        self.assertEqual(self.python.call("counter", "secret", headers={"nameko.auth_token": OPERATOR})["name"], "operator")
        # Who may do everything may speak for another.
        self.assertEqual(self.python.call("counter", "secret", headers={"authorization": "Bearer " + OPERATOR, "tutti.identity": "orders"})["name"], "orders")

    def test_serves_requests_at_the_same_time_and_all_instances_share_them(self):
        other = self.start()
        begin = time.monotonic()
        numbers = [self.python.send("counter", "slow", [500]) for _ in range(20)]
        for number in numbers:
            self.assertEqual(self.python.wait(number)[0]["result"], {"text": "slept"})

        self.assertLess(time.monotonic() - begin, 10)
        self.assertEqual(self.counter.counted("slow") + other.counted("slow"), 20)
        self.assertGreater(min(self.counter.counted("slow"), other.counted("slow")), 0)

    def test_says_that_it_has_too_much_to_do(self):
        self.counter.end()
        self.start("--tutti.in_flight_max=1")
        numbers = [self.python.send("counter", "slow", [1000]) for _ in range(2)]
        answers = [self.python.wait(number)[0] for number in numbers]

        self.assertEqual([answer["result"] for answer in answers if not answer["error"]], [{"text": "slept"}])
        self.assertEqual([(answer["error"]["exc_type"], answer["error"]["exc_path"]) for answer in answers if answer["error"]],
                         [("Overloaded", "tutti.unavailable")])

    def test_answers_what_it_has_before_it_ends(self):
        number = self.python.send("counter", "slow", [1000])
        until(lambda: self.counter.counted("slow") == 1, "it is being handled")
        self.counter.process.send_signal(signal.SIGTERM)

        self.assertEqual(self.python.wait(number)[0]["result"], {"text": "slept"})
        self.assertEqual(self.counter.process.wait(30), 0, self.counter.log.read_text())

    def test_keeps_requests_while_no_instance_is_there(self):
        self.counter.end()
        # RabbitMQ may not have noticed yet: what it sent to the dead one would come again, and `add` is not repeated.
        until(lambda: self.python.channel.queue_declare("rpc-counter", passive=True).consumer_count == 0, "nobody consumes")
        number = self.python.send("counter", "add", [1, 2])
        self.start()

        self.assertEqual(self.python.wait(number, 60)[0]["result"], {"sum": 3})

    def test_runs_again_only_what_may_be_repeated_when_an_instance_is_killed(self):
        unsafe, safe = self.python.send("counter", "slow", [5000]), self.python.send("counter", "slow_read", [5000])
        until(lambda: self.counter.counted("slow") == 2, "both are being handled")
        self.counter.process.kill()
        self.start()

        answer = self.python.wait(unsafe, 60)[0]
        self.assertEqual(answer["error"]["exc_path"], "tutti.unavailable")
        self.assertEqual(self.python.wait(safe, 60)[0]["result"], {"text": "slept"})

    def test_is_called_again_when_the_broker_comes_back(self):
        self.assertEqual(self.python.call("counter", "add", 1, 2)["sum"], 3)
        self.broker.kill()
        until(lambda: "rpc over the broker" in self.counter.ready(), "it says that it is not ready")
        self.broker.start()
        until(lambda: self.counter.ready() == "", lambda: self.counter.log.read_text(), 90)

        self.assertEqual(self.client().call("counter", "add", 1, 2)["sum"], 3)

    def test_answers_all_when_connections_are_cut_in_the_middle_of_frames(self):
        self.counter.end()
        cutter = Cutter(self.broker.port, 1200, 300)
        self.addCleanup(cutter.end)
        cut = Counter("amqp://127.0.0.1:%d" % cutter.port, self.folder.name)
        self.addCleanup(cut.end)
        numbers = [self.python.send("counter", "slow_read", [1]) for _ in range(200)]
        until(lambda: cutter.cuts >= 6, "it is cut")
        cutter.through()

        for number in numbers:
            self.assertEqual(self.python.wait(number, 60)[0]["result"], {"text": "slept"})


class Calls(Case):
    """A Nameko service."""

    def test_gives_fields_as_keyword_arguments_and_reads_the_result(self):
        books = self.serve(price=lambda title, copies: {"amount": 12.5 * copies, "seller": title})

        self.assertEqual(self.counter.ask("price", "emma", 2), "emma 25")
        body, message = books.requests[0]
        self.assertEqual(body, {"args": [], "kwargs": {"title": "emma", "copies": 2}})
        self.assertEqual((message.content_type, message.content_encoding, message.delivery_info["routing_key"]), ("application/json", "utf-8", "books.price"))
        self.assertGreater(int(message.properties["expiration"]), 0)
        self.assertGreater(message.headers["tutti.deadline-ms"], 0)
        self.assertRegex(message.headers["traceparent"], "^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$")
        self.assertEqual(message.headers["tutti.identity"], "counter")

    def test_reads_a_result_that_is_no_object_as_the_only_field(self):
        self.serve(total=lambda title, copies: copies + 1)

        self.assertEqual(self.counter.ask("total", copies=41), "42")

    def test_reads_a_method_that_returns_nothing(self):
        self.serve(order=lambda title, copies: None)

        self.assertEqual(self.counter.ask("order"), "ordered")

    def test_catches_an_exception_of_the_contract_as_its_type(self):
        def price(title, copies):
            raise SoldOut(title, 3)
        self.serve(price=price)

        self.assertEqual(self.counter.ask("price"), "sold out: emma, left 3")

    def test_gives_other_exceptions_by_name_and_text(self):
        self.serve(price=lambda title, copies: {}[title])

        self.assertEqual(self.counter.ask("price"), "unknown: books.price failed: KeyError: 'emma' [builtins.KeyError [\"emma\"]]")

    def test_knows_namekos_own_errors(self):
        self.serve(total=lambda title: 1)

        self.assertTrue(self.counter.ask("price").startswith("unimplemented: "), self.counter.ask("price"))
        self.assertTrue(self.counter.ask("total").startswith("invalid_argument: "), self.counter.ask("total"))

    def test_refuses_an_answer_that_breaks_the_contract(self):
        self.serve(price=lambda title, copies: {"amount": "much"}, total=lambda title, copies: "many")

        self.assertTrue(self.counter.ask("price").startswith("internal: the reply of books.price breaks its contract"))
        self.assertTrue(self.counter.ask("total").startswith("internal: the reply of books.total breaks its contract"))

    def test_measures_its_calls(self):
        self.serve(order=lambda title, copies: None)
        self.counter.ask("order")
        self.counter.ask("price")  # which is not there

        calls = 'rpc_client_call_duration_seconds_count{service_name="counter",rpc_method="books.%s",rpc_response_status_code="%s",rpc_system_name="nameko"'
        for method, code in (("order", "ok"), ("price", "unimplemented")):
            until(lambda: self.counter.metric(calls % (method, code)) == 1, lambda: self.counter.metrics())
        self.assertEqual(self.counter.metric("tutti_client_in_flight"), 0)
        self.assertEqual(self.counter.metric("tutti_broker_requests_late_total"), 0)

    def test_says_at_once_that_a_service_is_unknown(self):
        channel = kombu.Connection(self.uri()).channel()
        channel.queue_delete("rpc-books")
        begin = time.monotonic()

        self.assertIn('unavailable: unknown service "books"', self.counter.ask("order"))
        self.assertLess(time.monotonic() - begin, 1.9)
        channel.connection.close()

    def test_gives_up_at_the_deadline(self):
        books = self.serve(order=lambda title, copies: time.sleep(3))

        self.assertIn("deadline_exceeded: ", self.counter.ask("order"))
        self.assertEqual(len(books.requests), 1)

    def test_ignores_answers_that_are_none_of_its_own(self):
        def price(title, copies):
            message = books.requests[-1][1]
            for correlation_id in ("", "x", message.properties["correlation_id"] + "0", message.properties["reply_to"] + ".99999999999999999999999"):
                books.producer.publish({"result": {"amount": 1}, "error": None}, exchange=EXCHANGE, routing_key=message.properties["reply_to"],
                                       correlation_id=correlation_id)
            return {"amount": 7, "seller": title}
        books = self.serve(price=price)

        self.assertEqual(self.counter.ask("price"), "emma 7")
        self.assertEqual(self.counter.ask("price"), "emma 7")

    def test_takes_garbage_as_an_answer_for_an_error(self):
        books = self.serve(price=lambda title, copies: None)
        books.answer = lambda message, body: books.producer.publish(
            b"\xff garbage", exchange=EXCHANGE, routing_key=message.properties["reply_to"], correlation_id=message.properties["correlation_id"])

        self.assertIn("internal: the answer of books.price is no reply", self.counter.ask("price"))

    def test_hands_the_context_on(self):
        books = self.serve(price=lambda title, copies: {"amount": 1, "seller": ""})
        python = self.client()
        stack = ["standalone_rpc_proxy.call.%d" % number for number in range(12)]
        headers = {"nameko.call_id_stack": stack, "nameko.language": "de", "nameko.tenant": {"id": 7}}
        self.assertEqual(python.call("counter", "ask", "price", "emma", headers=headers), {"text": " 1"})

        got = books.requests[0][1].headers
        self.assertEqual((got["nameko.language"], got["nameko.tenant"]), ("de", {"id": 7}))
        self.assertEqual(got["nameko.call_id_stack"][:-1], stack[-10:])
        self.assertRegex(got["nameko.call_id_stack"][-1], r"^counter\.ask\..+")

    def test_hands_the_context_of_a_call_on_with_what_its_handler_announces(self):
        heard = Listener(self.uri(), "counter", "sold", "shop.on_sold")
        self.addCleanup(heard.end)
        stack = ["standalone_rpc_proxy.call.1", "shop.buy.2"]
        context = {"nameko.call_id_stack": stack, "nameko.language": "de", "nameko.user_id": 7, "nameko.auth_token": OPERATOR, "nameko.tenant": {"id": [7]}}

        self.client().call("counter", "sell", a=1, b=2, headers=context)

        body, headers = heard.next()
        self.assertEqual(body, {"copies": 3})
        self.assertEqual({key: headers.get(key) for key in context if key != "nameko.call_id_stack"},
                         {key: value for key, value in context.items() if key != "nameko.call_id_stack"})
        self.assertEqual(headers["nameko.call_id_stack"][:-1], stack)
        self.assertRegex(headers["nameko.call_id_stack"][-1], r"^counter\.sell\..+")

    def test_hands_the_context_of_an_event_on_to_the_calls_that_its_handler_makes(self):
        books = self.serve(order=lambda title, copies: None)
        trace = "0af7651916cd43dd8448eb211c80319c"
        announcer = Announcer(self.uri(), "books")
        self.addCleanup(announcer.close)
        # As a Nameko service does that was called by one of ours: the trace has become one of its context's keys.
        announcer.announce("arrived", {"title": "emma", "copies": 2}, {
            "nameko.call_id_stack": ["books.deliver.1"], "nameko.language": "de", "nameko.traceparent": "00-%s-b7ad6b7169203331-01" % trace})

        until(lambda: books.requests, "the handler calls")
        body, message = books.requests[0]
        self.assertEqual(body["kwargs"], {"title": "emma", "copies": 2})
        self.assertEqual(message.headers["nameko.language"], "de")
        self.assertEqual(message.headers["nameko.call_id_stack"][0], "books.deliver.1")
        self.assertRegex(message.headers["nameko.call_id_stack"][1], r"^counter\.on_arrived\..+")
        self.assertRegex(message.headers["traceparent"], "^00-%s-(?!b7ad6b7169203331)" % trace)
        self.assertNotIn("nameko.traceparent", message.headers)

    def test_begins_a_call_stack_where_there_is_none(self):
        books = self.serve(price=lambda title, copies: {"amount": 1, "seller": ""})
        self.counter.ask("price")

        stack = books.requests[0][1].headers["nameko.call_id_stack"]
        self.assertEqual(len(stack), 1)
        self.assertRegex(stack[0], r"^counter\.ask\..+")

    def test_has_a_reply_queue_as_namekos_and_removes_it_at_its_end(self):
        books = self.serve(price=lambda title, copies: {"amount": 1, "seller": ""})
        self.counter.ask("price")
        reply_to = books.requests[0][1].properties["reply_to"]
        queue = kombu.Queue("rpc.reply-counter-" + reply_to, EXCHANGE, reply_to, durable=True, queue_arguments={"x-expires": 300000})
        connection = kombu.Connection(self.uri())
        self.addCleanup(connection.release)
        queue(connection.channel()).declare()

        self.counter.process.send_signal(signal.SIGTERM)
        self.assertEqual(self.counter.process.wait(30), 0, self.counter.log.read_text())
        with self.assertRaises(connection.channel_errors):
            queue(connection.channel()).queue_declare(passive=True)

    def test_a_call_that_waits_survives_a_cut_connection(self):
        self.counter.end()
        cutter = Cutter(self.broker.port, None, 0)
        self.addCleanup(cutter.end)
        counter = self.start(uri="amqp://127.0.0.1:%d" % cutter.port)
        asked, go = threading.Event(), threading.Event()

        def order(title, copies):
            asked.set()
            go.wait(30)
        self.serve(order=order)
        said = []
        caller = threading.Thread(target=lambda: said.append(counter.ask("order")))
        caller.start()
        self.assertTrue(asked.wait(30))
        cutter.cut()
        go.set()
        caller.join()

        self.assertEqual(said, ["ordered"])  # the answer waited in the queue

    def test_calls_go_on_when_the_broker_comes_back(self):
        books = self.serve(total=lambda title, copies: copies)
        self.assertEqual(self.counter.ask("total", copies=5), "5")
        wrong, answers, stop = [], [], threading.Event()

        def load():
            while not stop.is_set():
                said = self.counter.ask("total", copies=5)
                (answers if said == "5" else wrong).append(said)

        callers = [threading.Thread(target=load) for _ in range(4)]
        for caller in callers:
            caller.start()
        until(lambda: len(answers) > 20, "calls are answered")
        self.broker.kill()
        until(lambda: wrong or self.counter.ready() != "", "it is noticed")
        self.broker.start()
        until(lambda: self.counter.ready() == "" and books.ready.is_set(), lambda: self.counter.log.read_text(), 90)
        before = len(answers)
        until(lambda: len(answers) > before + 20, lambda: "calls are answered again: %s" % wrong[-3:], 90)
        stop.set()
        for caller in callers:
            caller.join()

        self.assertEqual([said for said in wrong if not said.startswith(("unavailable: ", "deadline_exceeded: "))], [])


class Settings(unittest.TestCase):
    def test_refuses_calls_over_a_broker_that_is_not_there(self):
        done = subprocess.run([COUNTER, "--tutti.rpc.amqp=true", "--tutti.http.listen=off", "--tutti.admin.listen=off"], capture_output=True, text=True, timeout=60)

        self.assertEqual(done.returncode, 78, done.stdout + done.stderr)
        self.assertIn("tutti.broker.uri", done.stdout + done.stderr)


unittest.main()

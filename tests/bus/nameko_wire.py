"""Nameko's calls as a Python service and a Python client put them on the wire, by kombu, the library that Nameko itself uses. What
Nameko declares is declared equally, so a broker that has it otherwise refuses."""
import socket
import threading
import time
import uuid

import kombu

EXCHANGE = kombu.Exchange("nameko-rpc", "topic", durable=True)


class RemoteError(Exception):
    """What came as error instead of a result."""

    def __init__(self, error):
        super().__init__("%(exc_type)s %(value)s" % error)
        self.error = error


class UnknownService(Exception):
    pass


class Client:
    """As Nameko's standalone proxy: one reply queue, requests that have to be routed."""

    def __init__(self, uri, name="standalone_rpc_proxy", confirm=False):
        self.connection = kombu.Connection(uri, transport_options={"confirm_publish": confirm})
        self.channel = self.connection.channel()
        self.reply_to = str(uuid.uuid4())
        self.queue = kombu.Queue("rpc.reply-%s-%s" % (name, self.reply_to), EXCHANGE, self.reply_to,
                                 durable=True, queue_arguments={"x-expires": 300000})
        self.replies, self.returned = {}, []
        self.producer = kombu.Producer(self.channel, on_return=lambda *returned: self.returned.append(returned))
        self.consumer = kombu.Consumer(self.channel, [self.queue], callbacks=[self.on_reply], accept=["json"])
        self.consumer.consume()

    def on_reply(self, body, message):
        self.replies[message.properties.get("correlation_id")] = (body, message)
        message.ack()

    def send(self, service, method, args=(), kwargs=None, headers=None, body=None, **properties):
        """The correlation id."""
        correlation_id = str(uuid.uuid4())
        properties = {"reply_to": self.reply_to, "correlation_id": correlation_id, **properties}
        body = {"args": list(args), "kwargs": kwargs or {}} if body is None else body
        how = {"serializer": "json"} if not isinstance(body, bytes) else {"content_type": "application/json", "content_encoding": "utf-8"}
        self.producer.publish(body, exchange=EXCHANGE, routing_key="%s.%s" % (service, method), mandatory=True, headers=headers or {},
                              delivery_mode=2, priority=0, **{**how, **properties})
        return correlation_id

    def wait(self, correlation_id, timeout=30):
        """The body of the answer, and its message."""
        end = time.monotonic() + timeout
        while correlation_id not in self.replies:
            if self.returned:
                raise UnknownService(self.returned.pop()[1])
            if time.monotonic() > end:
                raise TimeoutError("no answer within %s s" % timeout)
            try:
                self.connection.drain_events(timeout=0.1)
            except socket.timeout:
                pass
        return self.replies.pop(correlation_id)

    def answer(self, *args, timeout=30, **kwargs):
        return self.wait(self.send(*args, **kwargs), timeout)[0]

    def call(self, service, method, *args, headers=None, **kwargs):
        """As proxy.service.method(...)."""
        answer = self.answer(service, method, args, kwargs, headers)
        assert set(answer) == {"result", "error"}, answer
        if answer["error"] is not None:
            raise RemoteError(answer["error"])
        return answer["result"]

    def close(self):
        """The reply queue is left to its expiry, as Nameko leaves it."""
        self.connection.release()


class Service:
    """As a Nameko service: a thread that consumes `rpc-<name>` and answers, with a connection that comes back."""

    def __init__(self, uri, name, methods, confirm=False):
        self.uri, self.name, self.methods, self.confirm = uri, name, methods, confirm
        self.requests, self.ended = [], threading.Event()
        self.ready = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        while not self.ended.is_set():
            try:
                with kombu.Connection(self.uri, transport_options={"confirm_publish": self.confirm}) as connection:
                    self.serve(connection)
            except (OSError, *kombu.Connection(self.uri).connection_errors, *kombu.Connection(self.uri).channel_errors):
                self.ready.clear()
                self.ended.wait(0.1)

    def serve(self, connection):
        channel = connection.channel()
        queue = kombu.Queue("rpc-" + self.name, EXCHANGE, self.name + ".*", durable=True)
        with kombu.Consumer(channel, [queue], callbacks=[self.on_request], accept=["json"], prefetch_count=10):
            # With a connection of its own for answers, as Nameko has: else a request that comes while an answer waits for its
            # confirm is served inside of that, and its wait takes the other's confirm.
            self.producer = kombu.Producer((connection.clone() if self.confirm else connection).channel())
            self.ready.set()
            while not self.ended.is_set():
                try:
                    connection.drain_events(timeout=0.05)
                except socket.timeout:
                    connection.heartbeat_check()

    def on_request(self, body, message):
        self.requests.append((body, message))
        method = message.delivery_info["routing_key"].split(".", 1)[1]
        error, result = None, None
        try:
            if method not in self.methods:
                raise RemoteError({"exc_type": "MethodNotFound", "exc_path": "nameko.exceptions.MethodNotFound", "exc_args": [method], "value": method})
            result = self.methods[method](*body["args"], **body["kwargs"])
        except RemoteError as raised:
            error = raised.error
        except TypeError as raised:
            error = {"exc_type": "IncorrectSignature", "exc_path": "nameko.exceptions.IncorrectSignature", "exc_args": [str(raised)], "value": str(raised)}
        except Exception as raised:  # as Nameko: whatever a method raises is told to the caller
            kind = type(raised)
            error = {"exc_type": kind.__name__, "exc_path": "%s.%s" % (kind.__module__, kind.__name__),
                     "exc_args": [a if isinstance(a, str) else str(a) for a in raised.args], "value": str(raised)}
        self.answer(message, {"result": result, "error": error})
        message.ack()

    def answer(self, message, body):
        self.producer.publish(body, exchange=EXCHANGE, routing_key=message.properties["reply_to"], serializer="json",
                              correlation_id=message.properties["correlation_id"], delivery_mode=2, priority=0)

    def end(self):
        self.ended.set()
        self.thread.join()


class Announcer:
    """As Nameko's EventDispatcher of a service."""

    def __init__(self, uri, service):
        self.connection = kombu.Connection(uri)
        self.exchange = kombu.Exchange(service + ".events", "topic", durable=True)
        self.producer = kombu.Producer(self.connection.channel(), self.exchange)

    def announce(self, event, payload, headers):
        self.producer.publish(payload, routing_key=event, headers=headers, serializer="json", delivery_mode=2, priority=0,
                              declare=[self.exchange])

    def close(self):
        self.connection.release()


class Listener:
    """As Nameko's event handler `handler` ("shop.on_sold") of the service pool."""

    def __init__(self, uri, source, event, handler):
        self.connection = kombu.Connection(uri)
        exchange = kombu.Exchange(source + ".events", "topic", durable=True)
        self.queue = kombu.Queue("evt-%s-%s--%s" % (source, event, handler), exchange, event, durable=True)(self.connection.channel())
        self.queue.declare()
        self.queue.purge()

    def next(self, timeout=30):
        """Payload and headers."""
        end = time.monotonic() + timeout
        while (message := self.queue.get()) is None:
            if time.monotonic() > end:
                raise TimeoutError("no event within %s s" % timeout)
            time.sleep(0.02)
        message.ack()
        return message.payload, message.headers

    def end(self):
        self.queue.delete()
        self.connection.release()

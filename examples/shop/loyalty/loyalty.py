"""loyalty, a service in Python: hears of orders that are paid or cancelled, counts the customer's points, announces what was
earned, and answers `points(customer)`. It speaks to the others over the broker, with the names and bytes that Nameko uses, by
kombu alone (Debian: python3-kombu). A Nameko service would say the same with @event_handler and @rpc.

    TUTTI_BROKER_URI=amqp://127.0.0.1 DATA=/tmp python3 loyalty.py
"""
import inspect
import os
import pathlib
import signal
import sqlite3

from kombu import Connection, Exchange, Queue
from kombu.mixins import ConsumerProducerMixin

# With `tutti up` the fleet's broker; in containers the one that compose.yaml names, or its own.
URI = os.environ.get("TUTTI_BROKER_URI") or os.environ.get("SHOP_BROKER_URI") or "amqp://shop:shop@broker"
DATA = pathlib.Path(os.environ.get("DATA", "."))

ORDERS = Exchange("orders.events", type="topic", durable=True)
EARNED = Exchange("loyalty.events", type="topic", durable=True)
RPC = Exchange("nameko-rpc", type="topic", durable=True)


class Points:
    """Of each order, once. Events may come twice and in any order: a cancelled order has no points, whatever comes later."""

    def __init__(self, file):
        self.database = sqlite3.connect(file)
        self.database.execute("create table if not exists orders (id text primary key, customer text not null, points integer not null)")

    def on_paid(self, order, announce):
        points = order["total_minor"] // 100
        with self.database:
            added = self.database.execute("insert or ignore into orders values (?, ?, ?)", (order["id"], order["customer"], points))
            if added.rowcount == 1:  # announced before the commit: rather twice than never
                announce({"order": order["id"], "customer": order["customer"], "points": points})

    def on_cancelled(self, order, announce):
        with self.database:
            self.database.execute("insert into orders values (?, ?, 0) on conflict (id) do update set points = 0", (order["id"], order["customer"]))

    def points(self, customer):
        return self.database.execute("select coalesce(sum(points), 0) from orders where customer = ?", (customer,)).fetchone()[0]


def error(kind, text, path=None):
    return {"result": None, "error": {"exc_type": kind, "exc_path": path or f"loyalty.{kind}", "exc_args": [text], "value": text}}


def answered(methods, name, body):
    """Runs one call; the errors are Nameko's own, so that its clients know them."""
    if not isinstance(body, dict) or "args" not in body or "kwargs" not in body:
        return error("MalformedRequest", "Message missing `args` or `kwargs`", "nameko.exceptions.MalformedRequest")
    if name not in methods:
        return error("MethodNotFound", name, "nameko.exceptions.MethodNotFound")
    try:
        inspect.signature(methods[name]).bind(*body["args"], **body["kwargs"])
    except TypeError as wrong:
        return error("IncorrectSignature", str(wrong), "nameko.exceptions.IncorrectSignature")
    try:
        return {"result": methods[name](*body["args"], **body["kwargs"]), "error": None}
    except Exception as failure:  # whatever it is, the caller waits for an answer
        return error(type(failure).__name__, str(failure))


class Loyalty(ConsumerProducerMixin):
    def __init__(self, connection, points):
        self.connection, self.points = connection, points

    def get_consumers(self, consumer, channel):
        EARNED(channel).declare()
        # What cannot be read is dropped with a line in the log; it would come back for ever.
        more = {"accept": ["json"], "prefetch_count": 10, "on_decode_error": self.dropped}
        return [
            consumer([Queue("evt-orders-paid--loyalty.on_paid", ORDERS, routing_key="paid")], callbacks=[self.event(self.points.on_paid)], **more),
            consumer([Queue("evt-orders-cancelled--loyalty.on_cancelled", ORDERS, routing_key="cancelled")],
                     callbacks=[self.event(self.points.on_cancelled)], **more),
            consumer([Queue("rpc-loyalty", RPC, routing_key="loyalty.*")], callbacks=[self.request], **more),
        ]

    def publish(self, body, exchange, routing_key, **properties):
        self.producer.publish(body, exchange=exchange, routing_key=routing_key, serializer="json", delivery_mode=2, retry=True, **properties)

    def event(self, handler):
        def handle(body, message):
            handler(body, lambda earned: self.publish(earned, EARNED, "earned", headers=message.headers))
            message.ack()
        return handle

    def request(self, body, message):
        reply = answered({"points": self.points.points}, message.delivery_info["routing_key"].split(".", 1)[1], body)
        if to := message.properties.get("reply_to"):
            self.publish(reply, RPC, to, correlation_id=message.properties.get("correlation_id"))
        message.ack()

    def dropped(self, message, reason):
        print(f"dropped a message of {message.delivery_info}: {reason}", flush=True)
        message.ack()

    def on_consume_ready(self, *_, **__):
        print("loyalty is connected", flush=True)


def main():
    with Connection(URI, heartbeat=30, transport_options={"confirm_publish": True}) as connection:
        loyalty = Loyalty(connection, Points(DATA / "loyalty.sqlite"))

        def stop(*_):
            loyalty.should_stop = True
        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, stop)
        loyalty.run()


if __name__ == "__main__":
    main()

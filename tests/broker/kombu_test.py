"""python3-kombu over py-amqp against the broker, as Nameko uses it: declared topology, confirms, heartbeats, a reply queue."""
import unittest
import uuid

import kombu
from broker_program import BrokerProgram


class Kombu(BrokerProgram):
    words = ("--data", "data")

    def connection(self):
        return kombu.Connection("pyamqp://guest:guest@127.0.0.1:%d//" % self.port, heartbeat=60,
                                transport_options={"confirm_publish": True})

    def test_rpc_on_namekos_wire(self):
        exchange = kombu.Exchange("nameko-rpc", "topic", durable=True)
        requests = kombu.Queue("rpc-payments", exchange, "payments.*", durable=True)
        reply_to = str(uuid.uuid4())
        replies = kombu.Queue("rpc.reply-standalone_rpc_proxy-" + reply_to, exchange, reply_to, durable=True,
                              queue_arguments={"x-expires": 300000})
        answers = []
        with self.connection() as service, self.connection() as caller, self.connection() as publisher:
            def serve(body, message):
                with kombu.Producer(publisher) as producer:
                    producer.publish({"result": sum(body["args"]), "error": None}, exchange=exchange,
                                     routing_key=message.properties["reply_to"], delivery_mode=2, priority=0,
                                     correlation_id=message.properties["correlation_id"])
                message.ack()

            def hear(body, message):
                answers.append((message.properties["correlation_id"], body["result"]))
                message.ack()
            with kombu.Consumer(service, [requests], callbacks=[serve], prefetch_count=10), \
                    kombu.Consumer(caller, [replies], callbacks=[hear]), kombu.Producer(caller) as producer:
                for number in range(20):
                    producer.publish({"args": [number, 1], "kwargs": {}}, exchange=exchange, routing_key="payments.add",
                                     mandatory=True, reply_to=reply_to, correlation_id=str(number), delivery_mode=2,
                                     headers={"nameko.call_id_stack": ["a.b.1"], "nameko.language": None})
                while len(answers) < 20:
                    service.drain_events(timeout=10)
                    caller.drain_events(timeout=10)

        self.assertEqual(answers, [(str(n), n + 1) for n in range(20)])

    def test_an_unknown_service_is_returned(self):
        returned = []
        with self.connection() as connection:
            exchange = kombu.Exchange("nameko-rpc", "topic", durable=True)
            with kombu.Producer(connection, exchange, on_return=lambda error, *_: returned.append(error.reply_code)) as producer:
                producer.publish({}, routing_key="missing.method", mandatory=True)

        self.assertEqual(returned, [312])

    def test_another_declaration_of_a_queue_is_refused(self):
        with self.connection() as connection:
            kombu.Queue("rpc-payments", durable=True)(connection.default_channel).declare()
            other = kombu.Queue("rpc-payments", durable=True, queue_arguments={"x-message-ttl": 1})

            with self.assertRaises(connection.channel_errors) as caught:
                other(connection.channel()).declare()
            self.assertEqual(caught.exception.reply_code, 406)

    def test_events_go_to_every_pool(self):
        events = kombu.Exchange("orders.events", "topic", durable=True)
        got = []
        with self.connection() as connection:
            queues = [kombu.Queue("evt-orders-placed--%s.heard" % name, events, "placed", durable=True) for name in ("a", "b")]
            with kombu.Consumer(connection, queues, callbacks=[lambda body, message: (got.append(
                    message.delivery_info["consumer_tag"]), message.ack())]), kombu.Producer(connection) as producer:
                producer.publish({"order": 17}, exchange=events, routing_key="placed", declare=[events])
                while len(got) < 2:
                    connection.drain_events(timeout=10)

        self.assertEqual(len(set(got)), 2)


if __name__ == "__main__":
    unittest.main()

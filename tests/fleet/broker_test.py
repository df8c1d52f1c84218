"""The broker that a fleet brings along: who is given it, how long it lives, what it keeps. python3-pika is the client, the
service parcels of tests/bus one that hears events. Arguments: the program tutti, the service parcels."""
import json
import os
import re
import signal
import sys
import unittest
import urllib.request

PARCELS = os.path.abspath(sys.argv.pop(2))

import pika  # noqa: E402
from fleet_program import Fleet, until  # noqa: E402

# Says what it was given, and writes it down for the test.
ASKS = ("    x-tutti: {binary: sh}\n    healthcheck: {disable: true}\n"
        "    command: [-c, 'echo \"given <$$TUTTI_BROKER_URI>\"; echo 1 >> starts; exec sleep 1000']\n")


class FleetBroker(Fleet):
    def instances(self):
        return {i["instance"]: i for i in json.loads(self.run_tutti("ps", "--data", "data", "--json").stdout)}

    def ready(self, name):
        return self.instances().get(name, {}).get("state") == "ready"

    def connect(self):
        return pika.BlockingConnection(pika.ConnectionParameters("127.0.0.1", self.instances()["broker"]["amqp"]))

    def given(self):
        return self.until_printed(r"\| given <(.*)>\n").group(1)

    def test_it_lives_as_long_as_the_fleet_and_keeps_what_is_durable(self):
        process = self.up("services:\n  a:\n" + ASKS)
        self.until_ready()
        broker = self.instances()["broker"]
        self.assertEqual(self.given(), "amqp://127.0.0.1:%d" % broker["amqp"])
        with self.connect() as connection:
            channel = connection.channel()
            channel.confirm_delivery()
            channel.queue_declare("kept", durable=True)
            channel.basic_publish("", "kept", b"m", pika.BasicProperties(delivery_mode=2))

        self.assertEqual(self.stopped(process), 0, self.printed())
        self.assertEqual(re.findall(r"(\w+) +\* stopped", self.printed()), ["a", "broker"])

        process = self.up()
        self.until_ready()
        with self.connect() as connection:
            self.assertEqual(connection.channel().basic_get("kept", auto_ack=True)[2], b"m")
        self.assertEqual(self.stopped(process), 0, self.printed())

    def test_a_killed_one_comes_back_where_it_was(self):
        self.up("services:\n  a:\n" + ASKS)
        self.until_ready()
        before = self.instances()["broker"]

        os.kill(before["pid"], signal.SIGKILL)

        until(lambda: self.instances()["broker"]["restarts"] == 1 and self.ready("broker"), self.printed)
        self.assertEqual(self.instances()["broker"]["amqp"], before["amqp"])
        self.connect().close()
        self.assertEqual(self.instances()["a"]["restarts"], 0)

    def test_a_service_hears_an_event_without_any_setting(self):
        self.up("services:\n  parcels:\n    x-tutti: {binary: %s}\n" % PARCELS)
        self.until_ready()
        with self.connect() as connection:
            connection.channel().basic_publish("shop.events", "placed", b'{"id": "7"}',
                                               pika.BasicProperties(content_type="application/json", delivery_mode=2))
        http = self.instances()["parcels"]["http"]

        def heard():
            with urllib.request.urlopen("http://127.0.0.1:%d/heard" % http, timeout=10) as reply:
                return json.load(reply)["placed"] == ["7"]
        until(heard, self.printed)

        queues = json.loads(self.run_tutti("broker", "queues", "--data", "data", "--json").stdout)
        self.assertIn("evt-shop-placed--parcels.on_placed", [queue["name"] for queue in queues])
        elsewhere = self.run_tutti("broker", "queues", "--file", "compose.yaml")
        self.assertEqual((elsewhere.returncode, elsewhere.stdout), (1, ""))
        self.assertIn("no fleet with a broker runs over " + self.path(".tutti/data"), elsewhere.stderr)

    def test_none_is_started_where_all_services_name_one(self):
        self.write("settings.yaml", "tutti: {broker: {uri: 'amqp://elsewhere'}}\n")
        self.write("uri", "amqp://elsewhere")
        for how in ("environment: {TUTTI_BROKER_URI: 'amqp://elsewhere'}", "environment: {TUTTI_SETTINGS: settings.yaml}",
                    "secrets: [{source: uri, target: tutti.broker.uri}]"):
            with self.subTest(how):
                self.write("compose.yaml", "services:\n  a:\n" + ASKS + "    " + how + "\nsecrets: {uri: {file: uri}}\n")
                self.assertNotIn("the fleet's", self.run_tutti("config").stdout)
        for words in ("--tutti.broker.uri=amqp://elsewhere", "--settings=settings.yaml"):
            with self.subTest(words):
                self.write("compose.yaml", "services:\n  a:\n    x-tutti: {binary: sh}\n    command: [%s]\n" % words)
                self.assertNotIn("the fleet's", self.run_tutti("config").stdout)

    def test_who_names_one_keeps_it_beside_the_others(self):
        self.up("services:\n  a:\n    command: [sh, -c, 'echo \"own <$$TUTTI_BROKER_URI>\"; exec sleep 1000']\n"
                "    environment: {TUTTI_BROKER_URI: 'amqp://elsewhere'}\n  b:\n" + ASKS)

        self.until_printed(r"\| own <amqp://elsewhere>\n")
        self.assertRegex(self.given(), r"^amqp://127\.0\.0\.1:\d+$")

    def test_an_empty_uri_names_none(self):
        self.up("services:\n  a:\n" + ASKS + "    environment: {TUTTI_BROKER_URI: ''}\n")

        self.assertRegex(self.given(), r"^amqp://")

    def test_the_fleet_file_may_do_without_it_or_ask_for_it(self):
        for text, there in (("x-tutti: {broker: false}\nservices:\n  a:\n" + ASKS, False),
                            ("services: {a: {command: [sleep, '1']}}\n", False),
                            ("x-tutti: {broker: true}\nservices: {a: {command: [sleep, '1']}}\n", True),
                            ("services:\n  broker: {command: [sleep, '1']}\n  a:\n" + ASKS, False)):
            with self.subTest(text):
                self.write("compose.yaml", text)
                self.assertEqual("the fleet's" in self.run_tutti("config").stdout, there)

        self.write("compose.yaml", "x-tutti: {broker: true}\nservices: {broker: {command: [sleep, '1']}}\n")
        refused = self.run_tutti("config")
        self.assertEqual((refused.returncode, refused.stderr),
                         (78, 'tutti: compose.yaml:1:11: x-tutti.broker is true, but a service is called "broker" already; rename it\n'))

    def test_it_does_not_keep_a_fleet_alive_that_has_done_its_work(self):
        process = self.up("services:\n  job:\n    x-tutti: {binary: sh}\n    restart: 'no'\n    command: [-c, 'exit 0']\n"
                          "    healthcheck: {disable: true}\n")

        self.assertEqual(self.ended(process), 0, self.printed())

        self.assertRegex(self.printed(), r"broker +\* stopped")


if __name__ == "__main__":
    unittest.main(verbosity=2)

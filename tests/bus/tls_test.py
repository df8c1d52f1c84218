"""A service's events over amqps:, with a broker whose certificate is held against the authorities and the name in the URI.
Arguments as events_test.py's."""
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "broker"))

import pika  # noqa: E402
from brokers import RABBITMQ, Embedded, RabbitMQ, free_port, until  # noqa: E402
from certificates import Certificates  # noqa: E402
from events_test import KIND, TUTTI, Parcels  # noqa: E402


class EmbeddedTls(Embedded):
    def command(self):
        of = str(self.folder) + "/"
        return [*super().command(), "--tls-listen", "127.0.0.1:%d" % self.tls_port, "--certificate", of + "server.pem", "--key", of + "server.key",
                "--client-ca", of + "authority.pem", "--users", of + "users"]

    def start(self):
        prepare(self)
        super().start()


class RabbitMQTls(RabbitMQ):
    def command(self):
        words = super().command()
        of = str(self.folder) + "/"
        with open(of + "rabbitmq.conf", "a") as conf:
            conf.write("listeners.ssl.default = 127.0.0.1:%d\nssl_options.cacertfile = %sauthority.pem\nssl_options.certfile = %sserver.pem\n"
                       "ssl_options.keyfile = %sserver.key\nssl_options.verify = verify_peer\nssl_options.fail_if_no_peer_cert = false\n"
                       "auth_mechanisms.1 = EXTERNAL\nauth_mechanisms.2 = PLAIN\nssl_cert_login_from = common_name\n" % (self.tls_port, of, of, of))
        (self.folder / "enabled_plugins").write_text("[rabbitmq_auth_mechanism_ssl].\n")
        return words

    def start(self):
        prepare(self)
        super().start()
        for words in (("add_user", "orders", "unused"), ("set_permissions", "orders", ".*", ".*", ".*")):
            subprocess.run([str(RABBITMQ.parent / "rabbitmqctl"), *words], env=self.environment(), check=True, capture_output=True, timeout=60)


def prepare(broker):
    broker.tls_port = free_port()
    broker.certificates = Certificates(broker.folder)
    broker.certificates.sign("server", "IP:127.0.0.1")
    for name in ("orders", "nobody"):
        broker.certificates.sign(name, "DNS:" + name)
    (broker.folder / "users").write_text("guest:guest\norders\n")


class Tls(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.broker = EmbeddedTls(TUTTI) if KIND == "embedded" else RabbitMQTls()
        cls.addClassCleanup(cls.broker.end)

    def setUp(self):
        self.folder = self.enterContext(tempfile.TemporaryDirectory())

    def parcels(self, host="127.0.0.1", authorities="authority.pem", certificate=None, **others):
        files = {"cacertfile": authorities, **({"certfile": certificate + ".pem", "keyfile": certificate + ".key"} if certificate else {})}
        query = "?" + urllib.parse.urlencode({**others, **{key: self.broker.certificates.path(name) for key, name in files.items() if name}})
        service = Parcels("amqps://%s:%d/%s" % (host, self.broker.tls_port, query), self.folder)
        self.addCleanup(service.end)
        return service

    def stays_unready(self, service, because):
        until(lambda: because in service.ready(), lambda: because + " in: " + service.ready())

    def test_events_go_both_ways(self):
        self.carries_events(self.parcels())

    def test_a_service_logs_in_by_its_certificate(self):
        self.carries_events(self.parcels(certificate="orders", auth_mechanism="external"))

    def test_a_certificate_may_be_shown_beside_a_password(self):
        self.carries_events(self.parcels(certificate="nobody"))

    def test_who_is_no_user_is_refused_whatever_his_certificate(self):
        self.stays_unready(self.parcels(certificate="nobody", auth_mechanism="external"), "403 ACCESS_REFUSED")

    def test_a_certificate_that_is_not_there_is_named(self):
        self.stays_unready(self.parcels(certificate="gone", auth_mechanism="external"), 'gone.pem\\" does not exist')

    def test_a_renewed_certificate_is_shown_after_the_next_connection(self):
        self.broker.certificates.sign("renewed", "DNS:renewed")  # nobody's name
        service = self.parcels(certificate="renewed", auth_mechanism="external")
        self.stays_unready(service, "403 ACCESS_REFUSED")
        self.broker.certificates.sign("orders", "DNS:orders")
        for ending in (".key", ".pem"):
            shutil.copy(self.broker.certificates.path("orders" + ending), self.broker.certificates.path("renewed" + ending))
        until(lambda: service.ready() == "", service.ready)

    def carries_events(self, service):
        until(lambda: service.ready() == "", service.ready)
        with pika.BlockingConnection(pika.ConnectionParameters("127.0.0.1", self.broker.port)) as connection:
            channel = connection.channel()
            channel.queue_declare("sent", exclusive=True)
            channel.exchange_declare("parcels.events", "topic", durable=True)
            channel.queue_bind("sent", "parcels.events", "sent")
            self.assertEqual(service.post("send", "1"), 204)
            until(lambda: channel.basic_get("sent", auto_ack=True)[2] == b'{"id":"1"}', "the event comes")
            channel.basic_publish("shop.events", "placed", b'{"id": "2"}', pika.BasicProperties(content_type="application/json"))
        until(lambda: service.heard()["placed"] == ["2"], service.heard)

    def test_an_authority_that_is_not_named_is_not_trusted(self):
        for authorities in ("stranger.pem", None):
            with self.subTest(authorities):
                self.stays_unready(self.parcels(authorities=authorities), "certificate is not trusted")

    def test_a_certificate_for_another_name_is_refused(self):
        self.stays_unready(self.parcels(host="localhost"), "certificate is for another name")

    def test_a_file_without_certificates_is_named(self):
        self.stays_unready(self.parcels(authorities="server.key"), "holds no certificates of authorities")


if __name__ == "__main__":
    unittest.main(verbosity=2)

"""The broker over TLS, users with passwords and with certificates. python3-pika is the client."""
import json
import os
import re
import ssl
import subprocess
import unittest

import pika
from broker_program import TUTTI, BrokerProgram, until
from certificates import Certificates

USERS = "# who may come\norders:s3:cret\nmails\n"
TLS = ("--tls-listen", "127.0.0.1:0", "--certificate", "server.pem", "--key", "server.key", "--client-ca", "authority.pem")


class Tls(BrokerProgram):
    words = (*TLS, "--users", "users", "--admin", "127.0.0.1:0")

    def start(self):
        self.certificates = Certificates(self.folder)
        self.certificates.sign("server", "DNS:localhost")
        with open(self.path("users"), "w") as f:
            f.write(USERS)
        super().start()
        with open(self.path("log")) as log:
            self.tls_port = int(re.search(r"with TLS on 127\.0\.0\.1:(\d+)", log.read()).group(1))

    def connect(self, credentials, certificate=None, port=None):
        context = ssl.create_default_context(cafile=self.path("authority.pem"))
        if certificate:
            context.load_cert_chain(self.path(certificate + ".pem"), self.path(certificate + ".key"))
        options = pika.SSLOptions(context, "localhost") if port is None else None
        return pika.BlockingConnection(pika.ConnectionParameters("127.0.0.1", port or self.tls_port, credentials=credentials, ssl_options=options))

    def refused(self, *words):
        with self.assertRaises(pika.exceptions.AMQPConnectionError):
            self.connect(*words)

    def password(self, user="orders", password="s3:cret"):
        return pika.PlainCredentials(user, password)

    def external(self):
        return pika.credentials.ExternalCredentials()

    def test_messages_travel_over_tls(self):
        with self.connect(self.password()) as connection:
            channel = connection.channel()
            channel.confirm_delivery()
            channel.queue_declare("q")
            body = os.urandom(1_000_000)  # many records of TLS
            channel.basic_publish("", "q", body)
            self.assertEqual(channel.basic_get("q")[2], body)

            with open(self.path("log")) as log:
                admin = re.search(r"admin on http://(\S+)\n", log.read()).group(1)
            listed = subprocess.run([TUTTI, "broker", "connections", "--json", "--admin", admin], capture_output=True, text=True, timeout=60)
            self.assertEqual([(c["user"], c["tls"]) for c in json.loads(listed.stdout)], [("orders", True)])

    def test_who_has_a_certificate_is_the_user_of_its_name(self):
        self.certificates.sign("mails", "DNS:mails")
        with self.connect(self.external(), "mails") as connection:
            connection.channel().queue_declare("q")

    def test_refuses_certificates_that_are_no_users_and_users_without(self):
        self.certificates.sign("nobody", "DNS:mails")
        self.refused(self.external(), "nobody")
        self.refused(self.external())
        self.certificates.sign("mails", "DNS:mails", by="stranger")
        self.refused(self.external(), "mails")
        self.refused(self.password(), "mails")  # shown, it must be good
        self.refused(self.password("mails", ""))
        self.refused(self.password("orders", "wrong"))
        self.refused(self.password("guest", "guest"))

    def test_renewed_certificates_need_no_restart(self):
        def shown():
            return ssl.get_server_certificate(("127.0.0.1", self.tls_port), timeout=10)

        with open(self.path("server.pem")) as f:
            self.assertEqual(shown(), ssl.DER_cert_to_PEM_cert(ssl.PEM_cert_to_DER_cert(f.read())))
        with self.connect(self.password()) as before:
            self.certificates.sign("renewed", "DNS:localhost")
            for ending in (".key", ".pem"):
                os.rename(self.path("renewed" + ending), self.path("server" + ending))
            with open(self.path("server.pem")) as f:
                renewed = ssl.DER_cert_to_PEM_cert(ssl.PEM_cert_to_DER_cert(f.read()))

            until(lambda: shown() == renewed, "the new certificate is shown")
            self.connect(self.password()).close()
            before.channel().queue_declare("q")  # who is there stays

        with open(self.path("server.pem"), "w") as f:
            f.write("rubbish")
        until(lambda: "the TLS certificate stays as it was" in open(self.path("log")).read(), "it is told")
        self.assertEqual(shown(), renewed)

    def test_external_is_no_way_in_on_the_plain_listener(self):
        self.refused(self.external(), None, self.port)
        self.connect(self.password(), None, self.port).close()

    def test_plain_bytes_do_not_get_through_the_tls_listener(self):
        self.refused(self.password(), None, self.tls_port)
        self.connect(self.password()).close()


class Refusals(BrokerProgram):
    def test_says_what_is_missing(self):
        Certificates(self.folder).sign("server", "DNS:localhost")
        with open(self.path("users"), "w") as f:
            f.write("orders:\n")
        for name, text in (("rooms", "orders:o\n[shop\n"), ("twice", "orders:o\n[/]\norders:p\n"), ("nowhere", "[shop]\norders:o\n")):
            with open(self.path(name), "w") as f:
                f.write(text)
        at = ("--tls-listen", "127.0.0.1:0")
        for words, said in (((*at,), "--tls-listen needs --certificate FILE and --key FILE, both PEM"),
                            (("--key", "server.key"), "--certificate, --key and --client-ca need --tls-listen ADDRESS"),
                            ((*at, "--certificate", "server.pem", "--key", "authority.key"), None),
                            ((*at, "--certificate", "gone.pem", "--key", "server.key"), 'the TLS file "gone.pem" does not exist'),
                            ((*TLS[:-1], "users"), '"users" holds no certificates of authorities in PEM format'),
                            (("--tls-listen", "0.0.0.0:0", *TLS[2:]), "the user guest is for this machine only; listening on 0.0.0.0:0 needs --users FILE"),
                            (("--users", "rooms"), "line 2 of the users names no virtual hosts; expected [HOST] or [HOST HOST...]"),
                            (("--users", "twice"), 'line 3 of the users has the user "orders" once more'),
                            (("--users", "nowhere"), 'the user "orders" may enter the virtual host "shop", which there is not; make it by --vhost shop'),
                            (("--users", "users"), "line 1 of the users is not NAME:PASSWORD, or NAME for one who has a certificate")):
            run = subprocess.run([TUTTI, "broker", "--listen", "127.0.0.1:0", *words], cwd=self.folder, capture_output=True, text=True, timeout=60)
            self.assertEqual((run.returncode, run.stdout), (1, ""), words)
            if said:
                self.assertEqual(run.stderr, "tutti: " + said + "\n")


if __name__ == "__main__":
    unittest.main(verbosity=2)

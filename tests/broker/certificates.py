"""Certificates made on the spot: an authority, a stranger, and what they have signed."""
import subprocess

KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")


class Certificates:
    """In `folder`: NAME.pem and NAME.key."""

    def __init__(self, folder):
        self.folder = str(folder)
        for name in ("authority", "stranger"):
            self.openssl("req", "-x509", *KEY, "-days", "2", "-subj", "/CN=" + name, "-keyout", name + ".key", "-out", name + ".pem")

    def openssl(self, *words):
        subprocess.run(["openssl", *words], check=True, capture_output=True, cwd=self.folder, timeout=60)

    def sign(self, name, names, by="authority"):
        """`names` as OpenSSL writes them: "DNS:localhost"."""
        self.openssl("req", *KEY, "-subj", "/CN=" + name, "-addext", "subjectAltName=" + names, "-keyout", name + ".key", "-out", name + ".csr")
        self.openssl("x509", "-req", "-in", name + ".csr", "-CA", by + ".pem", "-CAkey", by + ".key", "-CAcreateserial", "-days", "2",
                     "-copy_extensions", "copy", "-out", name + ".pem")

    def path(self, name):
        return self.folder + "/" + name

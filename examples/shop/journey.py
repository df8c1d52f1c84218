"""A customer's journey through a running shop: browses, uploads an image, orders, is declined once, pays, is told so at
once, and looks at the order. Every step is checked; exit 0 only if all of them worked.

    python3 journey.py http://127.0.0.1:8080
"""
import base64
import json
import os
import socket
import struct
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
import zlib

GOOD_CARD = "4242424242424242"
DECLINED_CARD = "4000000000000002"
TIMEOUT_SECONDS = 20


class Failed(Exception):
    pass


def demand(condition, message):
    if not condition:
        raise Failed(message)


class Shop:
    def __init__(self, base):
        self.base = base.rstrip("/")

    def ask(self, method, path, body=None, headers=None, expect=200):
        data = json.dumps(body).encode() if isinstance(body, dict) else body
        request = urllib.request.Request(self.base + path, data=data, method=method, headers=headers or {})
        if isinstance(body, dict):
            request.add_header("Content-Type", "application/json")
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as reply:
                status, kind, content = reply.status, reply.headers.get("Content-Type", ""), reply.read()
        except urllib.error.HTTPError as error:
            status, kind, content = error.code, error.headers.get("Content-Type", ""), error.read()
        demand(status == expect, f"{method} {path} answered {status}, expected {expect}: {content[:300]!r}")
        return json.loads(content) if "json" in kind else content


class WebSocket:
    """As much of RFC 6455 as short texts need."""

    def __init__(self, base, path):
        to = urllib.parse.urlsplit(base)
        self.socket = socket.create_connection((to.hostname, to.port or 80), timeout=TIMEOUT_SECONDS)
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall((f"GET {path} HTTP/1.1\r\nHost: {to.netloc}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                             f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n").encode())
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += self.exactly(1)
        demand(head.startswith(b"HTTP/1.1 101 "), f"GET {path} was not upgraded: {head[:300]!r}")

    def exactly(self, size):
        data = b""
        while len(data) < size:
            piece = self.socket.recv(size - len(data))
            demand(piece, "the WebSocket ended")
            data += piece
        return data

    def send(self, message):
        data, mask = json.dumps(message).encode(), os.urandom(4)
        demand(len(data) < 126, "the message is too long for this client")
        self.socket.sendall(bytes([0x81, 0x80 | len(data)]) + mask + bytes(byte ^ mask[i % 4] for i, byte in enumerate(data)))

    def receive(self):
        while True:
            kind, length = self.exactly(2)
            data = self.exactly(struct.unpack(">H", self.exactly(2))[0] if length == 126 else length)
            demand(kind in (0x81, 0x89), f"the WebSocket got a frame of kind {kind:#x}: {data[:300]!r}")
            if kind == 0x81:  # the other is a ping
                return json.loads(data)

    def close(self):
        self.socket.close()


def png(width, height):
    """A valid PNG: a gradient, made here, so that the journey needs no file."""
    row = b"\0" + bytes(v for x in range(width) for v in (x * 255 // width, x * 120 // width, 120))

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)) + chunk(b"IDAT", zlib.compress(row * height)) + chunk(b"IEND", b"")


def jpeg_size(data):
    """Width and height from the frame header of a JPEG."""
    demand(data[:2] == b"\xff\xd8", "the thumbnail is no JPEG")
    at = 2
    while at + 9 < len(data):
        marker, length = data[at + 1], struct.unpack(">H", data[at + 2:at + 4])[0]
        if 0xC0 <= marker <= 0xC3:
            height, width = struct.unpack(">HH", data[at + 5:at + 9])
            return width, height
        at += 2 + length
    raise Failed("the thumbnail has no frame header")


def opens_the_page(shop, story):
    page = shop.ask("GET", "/")
    demand(b"<html" in page.lower() or b"<!doctype html" in page.lower(), "the front page is no HTML")


def browses_the_catalog(shop, story):
    items = shop.ask("GET", "/api/products")["items"]
    demand(len(items) >= 8, f"the catalog has {len(items)} products, expected 8 or more")
    found = shop.ask("GET", "/api/products?text=mug")["items"]
    demand(any(product["sku"] == "mug" for product in found), "searching for mug does not find it")
    story["price"] = next(product["price_minor"] for product in found if product["sku"] == "mug")


def uploads_an_image(shop, story):
    stored = shop.ask("PUT", "/api/products/mug/image?width=320", png(640, 480), {"Content-Type": "application/octet-stream"})
    demand((stored["width"], stored["height"]) == (320, 240), f"the thumbnail was stored as {stored}")
    size = jpeg_size(shop.ask("GET", "/images/mug"))
    demand(size == (320, 240), f"the thumbnail is {size[0]} x {size[1]}, expected 320 x 240")


def is_refused_what_is_no_image(shop, story):
    problem = shop.ask("PUT", "/api/products/mug/image", b"this is no image", {"Content-Type": "application/octet-stream"}, expect=400)
    demand("NotAnImage" in problem["type"], f"the refusal is {problem}")


def orders_and_is_declined(shop, story):
    order = {"customer": "Ada", "lines": [{"sku": "mug", "quantity": 2}], "card": DECLINED_CARD}
    key = str(uuid.uuid4())
    placed = shop.ask("POST", "/api/orders", order, {"Idempotency-Key": key}, expect=201)
    demand(placed["state"] == "declined" and placed["reason"], f"the order is {placed}")
    demand(placed["total_minor"] == 2 * story["price"], f"the total is {placed['total_minor']}")
    again = shop.ask("POST", "/api/orders", order, {"Idempotency-Key": key}, expect=201)
    demand(again["id"] == placed["id"], "a second click made a second order")
    story["order"] = placed["id"]


def hear(news, order, state):
    """Until the order is in that state: older news of it may come later than the answer, and all may come twice."""
    told = {}
    while told.get("state") != state:
        told = news.receive()
        demand(told["order"] == order, f"the news is of another order: {told}")


def watches_the_order(shop, story):
    story["news"] = WebSocket(shop.base, "/live")
    story["news"].send({"type": "Watch", "order": story["order"]})
    hear(story["news"], story["order"], "declined")


def pays_with_another_card(shop, story):
    paid = shop.ask("POST", f"/api/orders/{story['order']}/payment", {"card": GOOD_CARD})
    demand(paid["state"] == "paid", f"after paying the order is {paid}")


def is_told_at_once_that_it_is_paid(shop, story):
    hear(story["news"], story["order"], "paid")
    story["news"].close()


def shows_the_order(shop, story):
    order = shop.ask("GET", f"/api/orders/{story['order']}")
    demand(order["state"] == "paid" and order["customer"] == "Ada" and order["lines"] == [{"sku": "mug", "quantity": 2}], f"the order is {order}")


def is_told_of_mistakes(shop, story):
    problem = shop.ask("POST", "/api/orders", {"customer": "", "lines": [{"sku": "mug", "quantity": 0}]}, expect=400)
    paths = {violation["path"] for violation in problem["violations"]}
    demand({"customer", "lines[0].quantity", "card"} <= paths, f"the violations name {sorted(paths)}")
    shop.ask("GET", "/api/orders/no-such-order", expect=404)


STEPS = [opens_the_page, browses_the_catalog, uploads_an_image, is_refused_what_is_no_image, orders_and_is_declined,
         watches_the_order, pays_with_another_card, is_told_at_once_that_it_is_paid, shows_the_order, is_told_of_mistakes]


def main():
    if len(sys.argv) != 2:
        print("usage: journey.py http://HOST:PORT", file=sys.stderr)
        return 2
    shop, story = Shop(sys.argv[1]), {}
    for step in STEPS:
        name = step.__name__.replace("_", " ")
        began = time.monotonic()
        try:
            step(shop, story)
        except (Failed, OSError, KeyError, ValueError) as error:
            print(f"FAILED  {name}: {error}")
            return 1
        print(f"ok  {1000 * (time.monotonic() - began):7.1f} ms  {name}")
    print("the whole journey worked")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""The shop's page in a browser: a customer's journey with mouse and keyboard, in a fleet of its own.
Usage: page_test.py FOLDER_OF_BINARIES [unittest arguments]. Exit 77 (skipped) without Chromium."""
import os
import pathlib
import signal
import sys
import unittest

import browser

if __name__ == "__main__" and not browser.PROGRAM:
    print("skipped: no chromium, chromium-browser or google-chrome in PATH (Debian: apt install chromium)")
    sys.exit(77)

from shop_test import PIXEL, Fleet

NAMELESS = """[...document.querySelectorAll("button, input, a")].filter((e) => e.checkVisibility() && !(
    e.getAttribute("aria-label") || e.labels?.length || e.innerText?.trim())).map((e) => e.outerHTML)"""
TOO_PALE = """(() => {
    const numbers = (colour) => colour.match(/[\\d.]+/g).map(Number);
    const behind = (e) => { for (; e; e = e.parentElement) { const c = numbers(getComputedStyle(e).backgroundColor); if (c[3] !== 0) return c; } };
    const light = (c) => c.slice(0, 3).map((v) => v / 255).map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
        .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
    return [...document.querySelectorAll("body *")].filter((e) => e.checkVisibility() && !e.closest("[aria-hidden]") &&
        [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim())).map((e) => {
            const [a, b] = [light(numbers(getComputedStyle(e).color)), light(behind(e))].sort((x, y) => x - y);
            return [(b + 0.05) / (a + 0.05), e.outerHTML.slice(0, 80)]; }).filter(([ratio]) => ratio < 4.5);
})()"""


class Page(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.fleet = cls.enterClassContext(Fleet())
        cls.browser = cls.enterClassContext(browser.Browser())
        cls.folder = pathlib.Path(cls.fleet.folder.name)

    def open(self, **how):
        page = self.browser.open(self.fleet.url + "/", **how)
        page.until("document.querySelectorAll('#goods li').length > 0")
        return page

    def fill_basket(self, page):
        page.click("#goods button")
        page.click("#customer")
        page.type("Ada")
        page.click("#card")
        page.type("4242424242424242")

    def sent(self, page, path):
        return [url for method, url in page.requests if method == "POST" and url.endswith(path)]

    def test_a_customer_uploads_orders_is_declined_pays_and_finds_the_order_again(self):
        page = self.open()
        page.click("#text")
        page.type("lamp")
        page.until("document.querySelector('#found').innerText === '1 product'")
        picture = self.folder / "pixel.png"
        picture.write_bytes(PIXEL)
        page.choose_file("#goods input", picture)
        page.until("document.querySelector('#goods img')?.naturalWidth === 1")

        page.click("#goods button", times=2)
        self.assertEqual(page.text("#total"), "€178.00")
        page.click("#customer")
        page.type("Ada")
        page.tab()  # from here by keyboard
        page.type("4000 0000 0000 0002")
        page.enter()
        page.until("document.querySelector('#state').innerText === 'Declined'")
        self.assertEqual(page.text("#reason"), "The bank refuses this card.")

        page.click("#other-card")
        page.type("4242-4242-4242-4242")
        page.click("#payment button", times=2)
        page.until("document.querySelector('#state').innerText === 'Paid'")
        self.assertEqual(len(self.sent(page, "/payment")), 1)
        self.assertFalse(page.value("document.querySelector('#payment').checkVisibility()"))

        order = page.text("#order-id")
        page.ask("Page.reload")
        page.until(f"document.querySelector('#order-id')?.innerText === '{order}'")
        self.assertEqual(page.text("#state"), "Paid")
        self.assertEqual(page.complaints, [])

    def test_what_becomes_of_an_order_is_shown_at_once_and_unasked(self):
        page = self.open()
        self.fill_basket(page)
        page.click("#checkout button")
        page.until("document.querySelector('#state').innerText === 'Paid'")
        page.until("live?.readyState === WebSocket.OPEN")
        asked = len(page.requests)
        self.fleet.ask("POST", f"/api/orders/{page.text('#order-id')}/cancellation")  # by somebody else
        page.until("document.querySelector('#state').innerText === 'Cancelled'")
        self.assertEqual(page.text("#message"), "Order: Cancelled.")
        self.assertEqual(page.requests[asked:], [])
        self.assertEqual(page.complaints, [])

    def test_without_the_news_the_page_asks_as_before(self):
        page = self.open()
        page.value("window.WebSocket = class { static OPEN = 1; constructor() { setTimeout(() => this.onclose(), 10); } }; null")
        self.fill_basket(page)
        payments = self.fleet.pids("payments")[-1]
        os.kill(payments, signal.SIGSTOP)
        try:
            page.click("#checkout button")
            page.until("document.querySelector('#state').innerText === 'Placed, the payment is under way'")
        finally:
            os.kill(payments, signal.SIGCONT)
        page.until("document.querySelector('#state').innerText === 'Paid'")
        self.assertIn(("GET", f"{self.fleet.url}/api/orders/{page.text('#order-id')}"), page.requests)
        page.click("#cancellation button")
        page.until("document.querySelector('#state').innerText === 'Cancelled'")
        self.assertFalse(page.value("document.querySelector('#cancellation').checkVisibility()"))
        self.assertEqual(page.complaints, [])

    def test_two_clicks_on_a_slow_shop_order_once(self):
        page = self.open()
        self.fill_basket(page)
        page.ask("Network.emulateNetworkConditions", offline=False, latency=1500, downloadThroughput=-1, uploadThroughput=-1)
        page.click("#checkout button", times=2)
        page.until("document.querySelector('#checkout button').innerText === 'Ordering …'")
        page.until("document.querySelector('#state').innerText === 'Paid'")
        self.assertEqual(len(self.sent(page, "/api/orders")), 1)
        self.assertEqual(page.complaints, [])

    def test_an_order_whose_payment_takes_long_becomes_paid_on_the_page(self):
        page = self.open()
        self.fill_basket(page)
        payments = self.fleet.pids("payments")[-1]
        os.kill(payments, signal.SIGSTOP)
        try:
            page.click("#checkout button")
            page.until("document.querySelector('#state').innerText === 'Placed, the payment is under way'")
        finally:
            os.kill(payments, signal.SIGCONT)
        page.until("document.querySelector('#state').innerText === 'Paid'")
        self.assertEqual(page.complaints, [])

    def test_what_the_shop_refuses_is_told_in_sentences(self):
        page = self.open()
        text = self.folder / "text.png"
        text.write_text("no picture")
        page.choose_file("#goods input", text)
        page.until("document.querySelector('#message').innerText === 'This file cannot be used: neither a JPEG nor a PNG file.'")
        page.click("#lookup-id")
        page.type("o17")
        page.enter()
        page.until("document.querySelector('#message').innerText === 'There is no order with the number o17.'")
        # The browser itself names the two answers; the page's own code says nothing.
        self.assertEqual([c for c in page.complaints if not c.startswith("Failed to load resource: the server responded with a status of 4")], [])
        page.ask("Network.emulateNetworkConditions", offline=True, latency=0, downloadThroughput=-1, uploadThroughput=-1)
        page.click("#lookup button")
        page.until("document.querySelector('#message').innerText === 'The shop cannot be reached. Try again in a moment.'")

    def test_it_can_be_read_at_every_width_and_in_the_dark(self):
        for width in (1280, 768, 320):
            for scheme in ("light", "dark"):
                with self.subTest(width=width, scheme=scheme):
                    page = self.open(width=width, scheme=scheme)
                    page.click("#goods button")
                    if width < 896:
                        page.click("#to-basket")
                    page.value("document.querySelector('#message').textContent = 'x'")
                    self.assertEqual(page.value("document.documentElement.scrollWidth"), width)
                    self.assertEqual(page.value(NAMELESS), [])
                    self.assertEqual(page.value(TOO_PALE), [])
                    self.assertEqual(page.complaints, [])


if __name__ == "__main__":
    unittest.main()

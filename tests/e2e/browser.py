"""A page in headless Chromium, driven by its own protocol over two pipes: no driver program and no package of others.

    with Browser() as browser:
        page = browser.open("http://127.0.0.1:8080/", width=320)
        page.click("#checkout button")
        page.until("document.title !== ''")
"""
import base64
import json
import os
import shutil
import subprocess
import tempfile
import time

PROGRAM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
WAIT_SECONDS = 30


class Browser:
    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)  # its children may outlive it for a moment
        requests, self.requests = os.pipe()
        self.replies, replies = os.pipe()
        # A shell puts the pipes where Chromium looks for them: 3 and 4.
        command = [PROGRAM, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
                   "--hide-scrollbars", "--remote-debugging-pipe", f"--user-data-dir={self.folder.name}", "about:blank"]
        self.process = subprocess.Popen(["/bin/bash", "-c", f'exec "$@" 3<&{requests} 4>&{replies}', "bash", *command],
                                        pass_fds=(requests, replies), stderr=subprocess.DEVNULL)
        os.close(requests)
        os.close(replies)
        self.reader = os.fdopen(self.replies, "rb", buffering=0)
        self.buffer, self.asked, self.pages = b"", 0, {}
        return self

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        os.close(self.requests)
        self.reader.close()
        self.folder.cleanup()

    def ask(self, method, session=None, **parameters):
        self.asked += 1
        number = self.asked
        message = {"id": number, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        os.write(self.requests, json.dumps(message).encode() + b"\0")
        while True:
            answer = self.receive()
            if answer.get("id") == number:
                if "error" in answer:
                    raise AssertionError(f"{method}: {answer['error']}")
                return answer["result"]
            if answer.get("sessionId") in self.pages:
                self.pages[answer["sessionId"]].noticed(answer)

    def receive(self):
        while b"\0" not in self.buffer:
            piece = self.reader.read(1 << 20)
            if not piece:
                raise AssertionError("Chromium ended")
            self.buffer += piece
        line, self.buffer = self.buffer.split(b"\0", 1)
        return json.loads(line)

    def open(self, url, width=1280, height=900, scheme="light"):
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        page = Page(self, self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"])
        self.pages[page.session] = page
        for domain in ("Page", "Runtime", "Log", "Network", "DOM"):
            page.ask(f"{domain}.enable")
        page.ask("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        page.ask("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        page.ask("Page.navigate", url=url)
        page.until("document.readyState === 'complete' && location.href !== 'about:blank'")
        return page


class Page:
    def __init__(self, browser, session):
        self.browser, self.session = browser, session
        self.complaints = []  # what a developer would see in red
        self.requests = []    # (method, URL) that left the page

    def ask(self, method, **parameters):
        return self.browser.ask(method, self.session, **parameters)

    def noticed(self, event):
        what, more = event["method"], event["params"]
        if what == "Runtime.exceptionThrown":
            self.complaints.append(more["exceptionDetails"].get("exception", {}).get("description") or more["exceptionDetails"]["text"])
        elif what == "Runtime.consoleAPICalled" and more["type"] in ("error", "warning", "assert"):
            self.complaints.append(str([argument.get("value") for argument in more["args"]]))
        elif what == "Log.entryAdded" and more["entry"]["level"] in ("error", "warning"):
            self.complaints.append(f"{more['entry']['text']} {more['entry'].get('url', '')}")
        elif what == "Network.requestWillBeSent":
            self.requests.append((more["request"]["method"], more["request"]["url"]))

    def value(self, expression):
        result = self.ask("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in result:
            raise AssertionError(f"{expression}: {result['exceptionDetails']}")
        return result["result"].get("value")

    def until(self, expression, seconds=WAIT_SECONDS):
        end = time.monotonic() + seconds
        while not self.value(expression):
            if time.monotonic() > end:
                raise AssertionError(f"waited in vain for {expression}; the page says:\n{self.value('document.body.innerText')}")
            time.sleep(0.05)  # polling another program

    def text(self, selector):
        return self.value(f"document.querySelector({json.dumps(selector)}).innerText")

    def click(self, selector, times=1):
        """With the mouse, in the middle of what is seen: fails if something else lies over it."""
        x, y = self.value(f"""(() => {{
            const wanted = document.querySelector({json.dumps(selector)});
            wanted.scrollIntoView({{block: "center", behavior: "instant"}});
            const box = wanted.getBoundingClientRect();
            const spot = [box.x + box.width / 2, box.y + box.height / 2];
            const hit = document.elementFromPoint(...spot);
            if (!wanted.contains(hit)) throw new Error("covered by " + (hit && hit.outerHTML.slice(0, 80)));
            return spot;
        }})()""")
        for count in range(1, times + 1):
            for kind in ("mousePressed", "mouseReleased"):
                self.ask("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=count)

    def type(self, text):
        self.ask("Input.insertText", text=text)

    def press(self, key, code, text=""):
        self.ask("Input.dispatchKeyEvent", type="keyDown", key=key, windowsVirtualKeyCode=code, text=text)
        self.ask("Input.dispatchKeyEvent", type="keyUp", key=key, windowsVirtualKeyCode=code)

    def enter(self):
        self.press("Enter", 13, "\r")

    def tab(self):
        self.press("Tab", 9)

    def choose_file(self, selector, path):
        document = self.ask("DOM.getDocument")["root"]["nodeId"]
        node = self.ask("DOM.querySelector", nodeId=document, selector=selector)["nodeId"]
        self.ask("DOM.setFileInputFiles", nodeId=node, files=[str(path)])

    def screenshot(self, path, whole=True):
        picture = self.ask("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        with open(path, "wb") as file:
            file.write(base64.b64decode(picture["data"]))

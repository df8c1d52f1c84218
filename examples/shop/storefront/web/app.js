// The customer's side of the shop. Texts of others reach the page through textContent only.
"use strict";

const at = (id) => document.getElementById(id);
const basket = new Map();  // sku -> {product, quantity}
let orderKey = "";         // one for each order that the customer means: a second click gets the first one's order
let shown = {id: "", revision: 0};  // the order on the page
let searches = 0;
let products = [];

const money = (minor) => new Intl.NumberFormat(undefined, {style: "currency", currency: "EUR"}).format(minor / 100);
const digits = (text) => text.replace(/[\s-]/g, "");
// Not randomUUID: browsers give it to https pages only.
const newKey = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, "0")).join("");

function element(tag, text = "", more = {}) {
  return Object.assign(document.createElement(tag), {textContent: text}, more);
}

// Good news passes; bad news stays until the customer goes on.
function say(text, kind = "good") {
  at("message").textContent = text;
  at("message").className = kind;
  clearTimeout(say.timer);
  if (kind === "good") say.timer = setTimeout(() => say("", ""), 8000);
}

const states = {
  placed: "Placed, the payment is under way",
  paid: "Paid",
  declined: "Declined",
  unclear: "Unclear",
  cancelled: "Cancelled",
};

// The errors of storefront/contract.hpp, as the customer should read them.
const sentences = {
  "storefront.NotAnImage": ({reason}) => `This file cannot be used: ${reason}.`,
  "storefront.Unknown": ({sku}) => `The shop does not sell "${sku}".`,
  "storefront.UnknownProduct": ({sku}) => `The shop no longer sells "${sku}". Remove it and order again.`,
  "storefront.TooMuch": ({total_minor_max}) => `One order may come to ${money(total_minor_max)} at most.`,
  "storefront.UnknownOrder": ({id}) => `There is no order with the number ${id}.`,
  "storefront.NotPayable": ({state}) => state === "paid" ? "This order is already paid." :
    state === "cancelled" ? "This order is cancelled." : "This order waits for its payment already.",
};
const codes = {
  unavailable: "The shop is not at its best just now. Try again in a moment.",
  deadline_exceeded: "That took the shop too long. Try again in a moment.",
  resource_exhausted: "Too many customers at once. Try again in a moment.",
};

function sentence(problem, status) {
  const known = sentences[problem.type];
  if (known && problem.value) return known(problem.value);
  return codes[problem.code] || problem.detail || problem.title || `The shop answered ${status}.`;
}

async function ask(method, path, {json, body, headers = {}} = {}) {
  if (json) headers = {...headers, "Content-Type": "application/json"};
  let reply;
  try {
    reply = await fetch(path, {method, headers, body: json ? JSON.stringify(json) : body, signal: AbortSignal.timeout(40000)});
  } catch {
    throw new Error("The shop cannot be reached. Try again in a moment.");
  }
  const answer = await reply.json().catch(() => ({}));
  if (reply.ok) return answer;
  const error = new Error(sentence(answer, reply.status));
  error.refused = reply.status < 500 && reply.status !== 429;  // nothing was ordered
  throw error;
}

// Runs the work with the button disabled, and says what went wrong.
async function busy(button, waiting, work) {
  const {textContent} = button;
  button.disabled = true;
  button.textContent = waiting;
  say("", "");
  try {
    await work();
  } catch (error) {
    say(error.message, "bad");
    button.disabled = false;
    button.focus();  // a disabled one lost it
  } finally {
    button.disabled = false;
    button.textContent = textContent;
  }
}

const submitted = (event) => (event.preventDefault(), event.submitter || event.target.querySelector("button"));

function picture(product) {
  const frame = element("div", "", {className: "picture"});
  frame.style.setProperty("--hue", [...product.sku].reduce((sum, c) => sum * 31 + c.charCodeAt(0), 7) % 360);
  const letter = element("span", product.name.slice(0, 1));
  letter.setAttribute("aria-hidden", "true");
  if (!product.image) {
    frame.append(letter);
    return frame;
  }
  const image = element("img", "", {alt: product.name, loading: "lazy"});
  image.addEventListener("error", () => image.replaceWith(letter));
  image.src = `/images/${encodeURIComponent(product.sku)}?v=${product.seen || 0}`;
  frame.append(image);
  return frame;
}

function productItem(product) {
  const item = element("li");
  const words = element("div", "", {className: "words"});
  words.append(element("h3", product.name), element("p", product.about), element("p", money(product.price_minor), {className: "price"}));
  const add = element("button", "Add to basket", {className: "strong", type: "button"});
  add.setAttribute("aria-label", `Add ${product.name} to the basket`);
  add.addEventListener("click", () => {
    setQuantity(product, (basket.get(product.sku)?.quantity || 0) + 1);
    say(`${product.name} is in the basket.`);
  });
  const actions = element("div", "", {className: "actions"});
  actions.append(add);
  item.append(picture(product), words, actions, upload(product, item));
  return item;
}

function upload(product, item) {
  const label = element("label", "", {className: "upload"});
  const words = element("span", "Image");
  const file = element("input", "", {type: "file", accept: "image/png,image/jpeg", title: "JPEG or PNG, at most 20 MB"});
  file.setAttribute("aria-label", `Upload an image of ${product.name}`);
  file.addEventListener("change", async () => {
    if (!file.files[0]) return;
    label.classList.add("waiting");
    await busy(file, "", async () => {
      words.textContent = "Sending …";
      await ask("PUT", `/api/products/${encodeURIComponent(product.sku)}/image?width=320`,
        {body: file.files[0], headers: {"Content-Type": "application/octet-stream"}});
      const fresh = productItem({...product, image: `/images/${product.sku}`, seen: Date.now()});
      item.replaceWith(fresh);
      fresh.querySelector("input").focus();
      say(`${product.name} has a new image.`);
    });
    label.classList.remove("waiting");
    words.textContent = "Image";
    file.value = "";  // the same file may be chosen again
  });
  label.append(words, file);
  return label;
}

async function browse() {
  const mine = ++searches;
  try {
    const found = await ask("GET", "/api/products?text=" + encodeURIComponent(at("text").value.trim()));
    if (mine !== searches) return;  // a later search has been answered
    products = found.items || [];
    at("goods").replaceChildren(...products.map(productItem));
    at("found").textContent = products.length === 1 ? "1 product" : `${products.length} products`;
  } catch (error) {
    if (mine === searches) at("found").textContent = error.message;
  }
}

function setQuantity(product, quantity) {
  orderKey = "";
  if (quantity < 1) basket.delete(product.sku);
  else if (basket.has(product.sku) || basket.size < 20) basket.set(product.sku, {product, quantity: Math.min(quantity, 99)});
  else return say("An order has at most 20 different products.");
  showBasket();
}

function basketItem({product, quantity}) {
  const item = element("li");
  const count = element("input", "", {type: "number", min: 1, max: 99, value: quantity});
  count.setAttribute("aria-label", `Quantity of ${product.name}`);
  count.addEventListener("change", () => setQuantity(product, Math.max(1, Math.floor(Number(count.value)) || 1)));
  const remove = element("button", "Remove", {type: "button"});
  remove.setAttribute("aria-label", `Remove ${product.name}`);
  remove.addEventListener("click", () => {
    setQuantity(product, 0);
    at("basket-title").focus();  // the button that had the focus is gone
  });
  item.append(element("span", product.name), count, remove);
  return item;
}

function showBasket() {
  const lines = [...basket.values()];
  at("basket").replaceChildren(...lines.map(basketItem));
  at("empty").hidden = lines.length > 0;
  at("checkout").hidden = lines.length === 0;
  const total = money(lines.reduce((sum, line) => sum + line.product.price_minor * line.quantity, 0));
  at("total").textContent = total;
  at("to-basket").hidden = lines.length === 0;
  at("to-basket").textContent = `Basket: ${total}`;
}

// Answers and news may overtake each other: the one with the higher revision is later.
function showOrder(order) {
  if (order.id === shown.id && order.revision < shown.revision) return;
  const before = shown.id;
  shown = order;
  if (before !== order.id) {
    at("points").textContent = "";
    watch(before);
  }
  history.replaceState(null, "", "#order=" + encodeURIComponent(order.id));  // a reloaded page shows it again
  at("order").hidden = false;
  at("state").textContent = states[order.state] || order.state;
  at("state").className = `state ${order.state}`;
  at("sum").textContent = money(order.total_minor);
  at("reason").textContent = order.reason ? `${order.reason[0].toUpperCase()}${order.reason.slice(1)}.` : "";
  at("order-id").textContent = order.id;
  at("payment").hidden = ["placed", "paid", "cancelled"].includes(order.state);
  at("cancellation").hidden = order.state === "cancelled";
  clearTimeout(showOrder.timer);
  // The news may fail to come; without them the page asks often.
  if (order.state === "placed") showOrder.timer = setTimeout(() => poll(order.id), live?.readyState === WebSocket.OPEN ? 15000 : 2000);
}

// News of the order that is shown, over a WebSocket. Whoever is away for long gets what is now: each Watch is answered.
let live = null;
let pause = 1000;  // ms until the next attempt

function watch(before = "") {
  if (live?.readyState === WebSocket.OPEN) {
    if (before) live.send(JSON.stringify({type: "Unwatch", order: before}));
    live.send(JSON.stringify({type: "Watch", order: shown.id}));
  } else if (!live) {
    live = new WebSocket(location.origin.replace(/^http/, "ws") + "/live");
    live.onopen = () => watch();
    live.onmessage = ({data}) => heard(JSON.parse(data));
    live.onclose = () => {
      live = null;
      setTimeout(watch, pause * (1 + Math.random()));
      pause = Math.min(2 * pause, 60000);
    };
  }
}

function heard({type, order, state, reason, revision, points}) {
  if (order !== shown.id) return;
  if (type === "Points") at("points").textContent = `It earned ${points} ${points === 1 ? "point" : "points"}.`;
  if (type !== "Status") return;
  pause = 1000;
  if (revision <= shown.revision) return;
  showOrder({...shown, state, reason, revision});
  say(`Order: ${states[state]}.`);
}

const found = (id) => ask("GET", `/api/orders/${encodeURIComponent(id)}`);

async function poll(id) {
  let order;
  try {
    order = await found(id);
  } catch {  // asked again
    if (id === shown.id) showOrder.timer = setTimeout(() => poll(id), 5000);
    return;
  }
  if (id !== shown.id) return;  // the customer looks at another order
  showOrder(order);
  if (order.state !== "placed") say(`Order: ${states[order.state]}.`);
}

at("search").addEventListener("submit", (event) => (event.preventDefault(), browse()));
at("text").addEventListener("input", () => {
  clearTimeout(browse.timer);
  browse.timer = setTimeout(browse, 200);
});
for (const id of ["customer", "card"]) at(id).addEventListener("input", () => (orderKey = ""));

at("checkout").addEventListener("submit", (event) => busy(submitted(event), "Ordering …", async () => {
  orderKey ||= newKey();
  const lines = [...basket.values()].map(({product, quantity}) => ({sku: product.sku, quantity}));
  let order;
  try {
    order = await ask("POST", "/api/orders", {
      json: {customer: at("customer").value.trim(), lines, card: digits(at("card").value)},
      headers: {"Idempotency-Key": orderKey},
    });
  } catch (error) {
    if (error.refused) orderKey = "";
    throw error;
  }
  orderKey = "";
  basket.clear();
  at("card").value = "";
  showBasket();
  showOrder(order);
  at("order-title").focus();
  say(`Order: ${states[order.state]}.`);
}));

at("payment").addEventListener("submit", (event) => busy(submitted(event), "Paying …", async () => {
  const order = await ask("POST", `/api/orders/${encodeURIComponent(shown.id)}/payment`, {json: {card: digits(at("other-card").value)}});
  at("other-card").value = "";
  showOrder(order);
  at("order-title").focus();
  say(`Order: ${states[order.state]}.`);
}));

at("cancellation").addEventListener("submit", (event) => busy(submitted(event), "Cancelling …", async () => {
  showOrder(await ask("POST", `/api/orders/${encodeURIComponent(shown.id)}/cancellation`));
  at("order-title").focus();
  say(`Order: ${states[shown.state]}.`);
}));

at("lookup").addEventListener("submit", (event) => busy(submitted(event), "Looking …", async () => {
  showOrder(await found(at("lookup-id").value.trim()));
  at("order-title").focus();
}));

showBasket();
browse();
if (location.hash.startsWith("#order=")) found(decodeURIComponent(location.hash.slice(7))).then(showOrder).catch((error) => say(error.message, "bad"));

// The page's line to the broker: one visit, its turns, what is still to be sent, and a socket that comes back by itself.
const PING_MS = 20000;
const SILENT_MS = 45000;
const TYPING_MS = 3000;

// Return a random UUID (RFC 9562, version 4); pages without TLS have no crypto.randomUUID.
function uuid() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 15) | 64;
  bytes[8] = (bytes[8] & 63) | 128;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

export class Refused extends Error {
  constructor(code, message, seconds) {
    super(message);
    this.code = code;
    this.seconds = seconds;
  }
}

export class Talk {
  constructor({ base, identity, language, changed }) {
    this.base = base;
    this.identity = identity;
    this.language = language;
    this.changed = changed;
    this.turns = new Map();
    this.chat = { stage: "new" };
    this.call = null;
    this.line = "idle"; // idle, connecting, open, offline
    this.typing = false;
    this.more = false;
    this.name = "";
    this.kept = this.#load();
    this.reading = false;
    addEventListener("online", () => this.line !== "idle" && this.connect());
    addEventListener("offline", () => this.line !== "idle" && this.#lost());
    document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && this.#look());
  }

  #socket = null;
  #held = [];
  #sending = 0;
  #tries = 0;
  #heardAt = 0;
  #typedAt = 0;
  #timer = 0;
  #starting = null;
  #chatId = "";
  #came = false;

  get known() { return Boolean(this.kept.token); }
  get outbox() { return this.kept.outbox; }

  // What is kept in the browser: the visit's token, what was not sent yet, how far was read.

  #load() {
    let kept = null;
    try { kept = JSON.parse(localStorage.getItem(this.#place)); } catch { /* off, or not ours */ }
    return { token: "", outbox: [], read: 0, ...kept };
  }

  get #place() { return `operator-widget ${this.base}`; }

  #keep() {
    try { localStorage.setItem(this.#place, JSON.stringify(this.kept)); } catch { /* this page alone, then */ }
  }

  // Requests

  async ask(method, path, body, plain) {
    const headers = {};
    if (this.kept.token) headers.Authorization = `Bearer ${this.kept.token}`;
    if (body !== undefined && !plain) headers["Content-Type"] = "application/json";
    const answer = await fetch(`${this.base}v1/widget/${path}`, {
      method,
      headers,
      body: body === undefined || plain ? body : JSON.stringify(body),
      credentials: "omit",
      referrerPolicy: "no-referrer",
      cache: "no-store",
    });
    if (!answer.ok) {
      const why = await answer.json().catch(() => ({}));
      throw new Refused(why.code || `http_${answer.status}`, why.message || answer.statusText,
        Number(answer.headers.get("Retry-After")) || 0);
    }
    if (answer.status === 204) return null;
    return plain === "bytes" ? answer.blob() : answer.json();
  }

  // Come to the page: take up the visit that is kept, or begin one.
  start() {
    this.#starting ||= this.#visit().finally(() => { this.#starting = null; });
    return this.#starting;
  }

  async #visit() {
    const body = { language: this.language };
    if (this.identity) body.identity = this.identity;
    let visit;
    try {
      visit = await this.ask("POST", "visits", body);
    } catch (error) {
      if (!["bad_identity", "identity_expired", "identities_off"].includes(error.code)) throw error;
      console.warn(`operator widget: ${error.message} The visitor is a stranger.`);
      delete body.identity;
      this.identity = "";
      visit = await this.ask("POST", "visits", body);
    }
    if (visit.token) {
      const unsent = this.kept.token ? [] : this.kept.outbox;
      this.kept = { token: visit.token, outbox: unsent, read: 0 };
      this.turns.clear();
    }
    this.#came = true;
    this.name = visit.name || "";
    this.chat = { stage: "new", ...visit.chat };
    this.#keep();
    this.changed();
  }

  // The socket

  async connect() {
    if (this.#starting) await this.#starting.catch(() => {}); // somebody else waits for the visit's token already
    if (this.#socket || this.line === "connecting") return;
    clearTimeout(this.#timer);
    this.line = "connecting";
    this.changed();
    try {
      if (!this.#came || !this.kept.token) await this.start(); // once a page: its identity may be too old later
    } catch (error) {
      this.#lost(error.seconds);
      return;
    }
    const socket = new WebSocket(`${this.base.replace(/^http/, "ws")}v1/widget/live`);
    this.#socket = socket;
    this.#heardAt = Date.now();
    socket.onopen = () => this.#tell({ type: "hello", token: this.kept.token, after: this.#last() });
    socket.onmessage = (event) => this.#take(JSON.parse(event.data));
    socket.onclose = () => this.#socket === socket && this.#lost();
    const beat = setInterval(() => {
      if (this.#socket !== socket) clearInterval(beat);
      else if (Date.now() - this.#heardAt > SILENT_MS) this.#lost();
      else this.#tell({ type: "ping" });
    }, PING_MS);
  }

  #lost(seconds = 0) {
    const socket = this.#socket;
    this.#socket = null;
    if (socket) socket.close();
    this.line = "offline";
    this.typing = false;
    const pause = Math.min(500 * 2 ** this.#tries++, 15000) * (0.7 + 0.6 * Math.random());
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.connect(), Math.max(pause, seconds * 1000));
    this.changed();
  }

  #tell(frame) {
    if (this.#socket && this.#socket.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(frame));
  }

  #take(frame) {
    this.#heardAt = Date.now();
    if (frame.type === "turns") this.#heard(frame);
    else if (frame.type === "state") this.#stands(frame);
    else if (frame.type === "typing") this.#types(frame.on);
    else if (frame.type === "refused" && frame.error.code === "no_visit") this.kept.token = "";
    this.changed();
  }

  #stands(frame) {
    this.line = "open";
    this.#tries = 0;
    this.chat = { stage: "new", ...frame.chat };
    this.call = frame.call || null;
    this.flush();
  }

  #heard(frame) {
    if (frame.whole && frame.conversation_id !== this.#chatId) {
      if (this.#chatId) this.kept.read = 0;
      this.#chatId = frame.conversation_id;
      this.turns.clear();
    }
    if (frame.whole) this.more = Boolean(frame.more) && !this.turns.size;
    for (const turn of frame.messages || []) {
      const own = turn.author === "customer" && !this.turns.has(turn.id);
      if (own && this.#sending) this.#held.push(turn); // perhaps the one whose answer is on its way
      else this.put(turn);
      if (turn.author !== "customer") this.typing = false;
    }
    this.#look();
  }

  put(turn) {
    const known = this.turns.get(turn.id);
    if (known && (known.version || 0) > (turn.version || 0)) return;
    this.turns.set(turn.id, turn);
  }

  #types(on) {
    this.typing = on;
    clearTimeout(this.forgetTyping);
    if (on) this.forgetTyping = setTimeout(() => { this.typing = false; this.changed(); }, 8000);
  }

  #last() { return Math.max(0, ...[...this.turns.values()].map((turn) => turn.position)); }

  // Receipts: what is on the page is delivered; what was seen is read.

  #look() {
    const seen = this.reading && document.visibilityState === "visible";
    const wanted = seen ? "read" : "delivered";
    const news = [...this.turns.values()].filter((turn) =>
      turn.author === "operator" && ![turn.told, turn.delivery].some((one) => one === wanted || one === "read"));
    if (news.length) this.#tell({ type: "receipts", ids: news.slice(-100).map((turn) => turn.id), delivery: wanted });
    for (const turn of news) turn.told = wanted;
    if (seen && this.#last() > this.kept.read) {
      this.kept.read = this.#last();
      this.#keep();
    }
  }

  read(on) {
    this.reading = on;
    this.#look();
    this.changed();
  }

  get unread() {
    return [...this.turns.values()].filter((turn) =>
      turn.author !== "customer" && !turn.deleted && turn.position > this.kept.read).length;
  }

  get sorted() { return [...this.turns.values()].sort((one, other) => one.position - other.position); }

  // Writing

  async say(text, files = []) {
    this.kept.outbox.push({ key: uuid(), text, files: files.map((file) => file.id), shown: files });
    this.#keep();
    this.#typedAt = 0;
    this.changed();
    await this.connect();
    await this.flush();
  }

  // Send what waits, in its order; a message that is refused stays, with the reason.
  async flush() {
    if (this.#sending || !this.kept.token) return;
    this.#sending = 1;
    try {
      for (let next; (next = this.kept.outbox.find((one) => !one.failed)); ) await this.#sendOne(next);
    } catch (error) {
      if (!(error instanceof Refused)) this.#lost();
      else this.#timer = setTimeout(() => this.flush(), (error.seconds || 2) * 1000);
    }
    this.#sending = 0;
    for (const turn of this.#held.splice(0)) this.put(turn);
    this.#look();
    this.changed();
  }

  async #sendOne(message) {
    try {
      const turn = await this.ask("POST", "messages", { key: message.key, text: message.text, files: message.files });
      this.put(turn);
    } catch (error) {
      if (error.code === "no_visit") {
        this.kept.token = "";
        await this.start();
        return;
      }
      if (!(error instanceof Refused) || error.seconds || /^http_5|unavailable/.test(error.code)) throw error;
      message.failed = error.message;
      this.#keep();
      return;
    }
    this.kept.outbox = this.kept.outbox.filter((one) => one.key !== message.key);
    this.#keep();
  }

  retry(key) {
    for (const message of this.kept.outbox) if (message.key === key) delete message.failed;
    return this.connect().then(() => this.flush());
  }

  drop(key) {
    this.kept.outbox = this.kept.outbox.filter((one) => one.key !== key);
    this.#keep();
    this.changed();
  }

  async change(id, text) {
    this.put(await this.ask("PUT", `messages/${encodeURIComponent(id)}`, { text }));
    this.changed();
  }

  types() {
    if (Date.now() - this.#typedAt < TYPING_MS) return;
    this.#typedAt = Date.now();
    this.#tell({ type: "typing", on: true });
    clearTimeout(this.stopTyping);
    this.stopTyping = setTimeout(() => { this.#typedAt = 0; this.#tell({ type: "typing", on: false }); }, TYPING_MS * 2);
  }

  async earlier() {
    const first = Math.min(...[...this.turns.values()].map((turn) => turn.position));
    const found = await this.ask("GET", `messages?before=${first}`);
    for (const turn of found.messages || []) this.put(turn);
    this.more = Boolean(found.more);
    this.changed();
  }

  async upload(file) {
    await this.connect();
    return this.ask("POST", `files?name=${encodeURIComponent(file.name)}`, file, true);
  }

  bytes(id) { return this.ask("GET", `files/${encodeURIComponent(id)}`, undefined, "bytes"); }

  async person(words) {
    await this.connect();
    const chat = await this.ask("POST", "person", { key: uuid(), words });
    this.chat = { stage: "new", ...chat };
    this.changed();
    return this.chat.stage;
  }

  async score(session, score, comment) {
    await this.ask("POST", "score", { session_id: session, score, comment });
  }

  end() { return this.ask("POST", "end"); }
}

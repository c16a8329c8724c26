// The panel: what stands on the page of a visitor's chat, drawn from the state of `Talk`, and what its keys do.
import { linked, make, size } from "./dom.js";
import { style } from "./style.js";
import { Talk } from "./talk.js";
import { texts } from "./texts.js";

const RIGHT_TO_LEFT = /^(ar|ckb|dv|fa|he|ps|sd|ug|ur|yi)\b/;
const PICTURES = /^image\/(png|jpeg|gif|webp)$/;

export function start(known) {
  const { base, config, data, language, host, root, button, badge, label } = known;
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(style);
  root.adoptedStyleSheets = [...root.adoptedStyleSheets, sheet];
  const own = {};
  if (config.title) own.title = config.title;
  if (config.greeting) own.greeting = config.greeting;
  try { Object.assign(own, JSON.parse(data.texts || "{}")); } catch { console.warn("operator widget: data-texts is no JSON"); }
  const say = texts(language, own);
  const talk = new Talk({ base, identity: data.identity || "", language, changed: () => draw() });
  let open = false;
  let asked = false; // whether "end this chat?" stands there
  let editing = null; // the id of the message that is being changed
  let scored = ""; // the session that was scored just now
  let notice = ""; // what went wrong last, in words
  let wantsCall = false;
  let call = null; // the module of calls, once one was begun
  const pictures = new Map(); // addresses of pictures that were fetched, by file
  const shown = new Map(); // what stands in the log, by id: its element and what it was drawn from

  // The panel's lasting parts

  const heading = make("h2", { id: "title" }, say("title"));
  const callButton = make("button", { type: "button", onclick: () => askCall() }, say("call"));
  const closeButton = make("button", { type: "button", class: "icon", "aria-label": say("close"), onclick: () => close() }, "×");
  const state = make("div", { class: "state", role: "status" });
  let follow = true; // whether the newest turn is in view, and stays there when the panel's size changes
  const atEnd = () => log.scrollHeight - log.scrollTop - log.clientHeight < 40;
  const stay = () => { if (follow) log.scrollTop = log.scrollHeight; };
  const log = make("div", { class: "log", role: "log", "aria-label": say("messages"), tabindex: "0", onscroll: () => { follow = atEnd(); } });
  new ResizeObserver(stay).observe(log);
  const types = make("div", { class: "types", role: "status" });
  const score = make("div");
  const callBox = make("div");
  const deeds = make("div", { class: "deeds" });
  const box = make("textarea", {
    "aria-label": say("write"), placeholder: say("write"), rows: "1", maxlength: "4000", enterkeyhint: "send",
    onkeydown: (event) => {
      if (event.key === "Enter" && !event.shiftKey && !event.isComposing) { event.preventDefault(); send(); }
    },
    oninput: () => { talk.types(); grow(); },
  });
  const picker = make("input", { type: "file", hidden: true, multiple: true, tabindex: "-1", accept: (config.types || []).join(",") || null });
  picker.addEventListener("change", () => upload([...picker.files]));
  const attach = make("button", { type: "button", class: "icon", "aria-label": say("attach"), onclick: () => picker.click() }, "+");
  const form = make("form", { class: "write", onsubmit: (event) => { event.preventDefault(); send(); } },
    attach, picker, box, make("button", { class: "main" }, say("send")));
  const panel = make("section", {
    class: "panel", role: "dialog", "aria-labelledby": "title", lang: language, hidden: true,
    dir: RIGHT_TO_LEFT.test(language) ? "rtl" : "ltr",
    onkeydown: (event) => event.key === "Escape" && !event.isComposing && close(),
    ondragover: (event) => event.preventDefault(),
    ondrop: (event) => { event.preventDefault(); upload([...event.dataTransfer.files]); },
  }, make("header", {}, heading, callButton, closeButton), state, callBox, log, types, score, deeds, form);
  root.append(panel);

  // Opening and closing

  function show() {
    open = true;
    panel.hidden = false;
    button.setAttribute("aria-expanded", "true");
    talk.read(true);
    if (talk.known) talk.connect();
    follow = true;
    draw();
    box.focus();
  }

  function close() {
    open = false;
    panel.hidden = true;
    button.setAttribute("aria-expanded", "false");
    talk.read(false);
    button.focus();
  }

  // What the visitor does

  async function attempt(deed) {
    notice = "";
    try {
      await deed();
    } catch (error) {
      notice = error.seconds ? say("tooMuch", { n: error.seconds }) : say("failed", { why: error.message });
    }
    draw();
  }

  function send() {
    const text = box.value.trim();
    if (!text) return;
    box.value = "";
    grow();
    notice = scored = "";
    follow = true;
    talk.say(text);
  }

  function grow() {
    box.style.height = "auto";
    box.style.height = `${box.scrollHeight + 2}px`;
  }

  function upload(files) {
    picker.value = "";
    return attempt(async () => {
      for (const file of files) {
        if (config.mostBytes && file.size > config.mostBytes) {
          throw new Error(say("tooLarge", { name: file.name, size: size(config.mostBytes) }));
        }
        notice = say("uploading", { name: file.name });
        draw();
        const kept = await talk.upload(file).catch((error) => {
          throw error.code === "file_type_refused" ? new Error(say("badType")) : error;
        });
        notice = "";
        await talk.say("", [kept]);
      }
    });
  }

  function person() {
    return attempt(async () => {
      if ((await talk.person(say("person"))) === "assistant") notice = say("notNow");
    });
  }

  async function fetched(file) {
    const blob = await talk.bytes(file.id);
    return URL.createObjectURL(blob);
  }

  function download(file) {
    return attempt(async () => {
      const address = await fetched(file);
      make("a", { href: address, download: file.name }).click();
      setTimeout(() => URL.revokeObjectURL(address), 60000);
    });
  }

  // Drawing: the state line, then each turn that is new or another, then what can be done

  function draw() {
    drawBadge();
    if (!open) return;
    drawState();
    drawTurns();
    const name = talk.chat.operator || say("assistant");
    put(types, talk.typing ? say("types", { name }) : "");
    drawScore();
    drawDeeds();
    drawCall();
  }

  function put(element, text) {
    if (element.textContent !== text) element.textContent = text;
  }

  function drawBadge() {
    const count = open ? 0 : talk.unread;
    badge.hidden = !count;
    put(badge, count > 99 ? "99+" : String(count || ""));
    button.setAttribute("aria-label", count ? say("unread", { label, n: count }) : label);
  }

  function drawState() {
    const { stage, operator, position, wait_seconds: wait } = talk.chat;
    const words = [];
    if (talk.line === "offline") words.push(say("offline"));
    else if (talk.line === "connecting") words.push(say("connecting"));
    else if (stage !== "new") words.push(say(`stage_${stage}`, { name: operator || "" }));
    if (stage === "waiting" && talk.line === "open") {
      if (position) words.push(say("position", { n: position }));
      if (wait !== undefined && wait !== null) words.push(wait < 60 ? say("soon") : say("minutes", { n: Math.ceil(wait / 60) }));
    }
    if (notice) words.push(notice);
    state.classList.toggle("bad", Boolean(notice) || talk.line === "offline");
    put(state, words.join(" "));
  }

  function drawTurns() {
    const rows = [];
    if (talk.more) rows.push(["more", "", () => [make("button", { type: "button", class: "link", onclick: () => attempt(() => talk.earlier()) }, say("more"))]]);
    if (!talk.turns.size && !talk.outbox.length) rows.push(["greeting", "", () => [make("div", { class: "turn" }, say("greeting"))]]);
    const turns = talk.sorted;
    const last = turns.filter((turn) => turn.author === "customer" && !turn.deleted).pop();
    for (const turn of turns) {
      const mark = [turn.version, turn.deleted, editing === turn.id, turn === last, talk.chat.stage === "ended"].join();
      rows.push([turn.id, mark, () => drawTurn(turn, turn === last)]);
    }
    for (const message of talk.outbox) {
      rows.push([message.key, `${message.failed || ""}`, () => drawUnsent(message)]);
    }
    const wanted = new Set(rows.map(([id]) => id));
    for (const [id, row] of shown) {
      if (!wanted.has(id)) { row.element.remove(); shown.delete(id); }
    }
    let before = null;
    for (const [id, mark, drawn] of rows) {
      let row = shown.get(id);
      if (!row) {
        row = { element: make("div", { class: "one" }), mark: null };
        shown.set(id, row);
      }
      if (row.mark !== mark) { row.element.replaceChildren(...drawn()); row.mark = mark; }
      const place = before ? before.nextSibling : log.firstChild;
      if (row.element !== place) log.insertBefore(row.element, place);
      before = row.element;
    }
    stay();
  }

  function author(turn) {
    if (turn.author === "customer") return say("you");
    if (turn.author === "operator") return turn.name || say("assistant");
    return say(turn.author === "system" ? "system" : "assistant");
  }

  function drawTurn(turn, last) {
    const mine = turn.author === "customer";
    if (editing === turn.id) return [drawEdit(turn)];
    const text = turn.notice ? say(turn.notice) : turn.text;
    const who = make("span", { class: mine || turn.author === "system" ? "hidden" : "who" }, `${author(turn)}: `);
    const words = turn.deleted ? [make("span", { class: "gone" }, say("deleted"))] : linked(text || "");
    const bubble = make("div", { class: `turn ${mine ? "mine" : turn.author}` }, who, ...words, ...(turn.files || []).map(drawFile));
    const foot = make("div", { class: mine ? "foot mine" : "foot" });
    if (turn.edited && !turn.deleted) foot.append(make("span", {}, say("edited")));
    if (mine && last && talk.chat.stage !== "ended") {
      foot.append(make("span", {}, say("sent")));
      if (turn.text) foot.append(make("button", { type: "button", class: "link", onclick: () => { editing = turn.id; draw(); root.getElementById("edit").focus(); } }, say("edit")));
      foot.append(make("button", { type: "button", class: "link", onclick: () => attempt(() => talk.change(turn.id, "")) }, say("remove")));
    }
    return foot.childNodes.length ? [bubble, foot] : [bubble];
  }

  function drawEdit(turn) {
    const input = make("input", { type: "text", id: "edit", value: turn.text, maxlength: "4000", "aria-label": say("edit") });
    const done = () => { editing = null; draw(); box.focus(); };
    return make("form", {
      class: "row",
      onsubmit: (event) => { event.preventDefault(); attempt(() => talk.change(turn.id, input.value)).then(done); },
      onkeydown: (event) => { if (event.key === "Escape") { event.stopPropagation(); done(); } },
    }, input, make("button", { class: "main" }, say("save")), make("button", { type: "button", onclick: done }, say("cancel")));
  }

  function drawFile(file) {
    if (file.url) return linked(file.url)[1] || make("span", {}, file.name || "");
    const words = say("download", { name: file.name || "", size: size(file.size || 0) });
    const save = make("button", { type: "button", class: "file", onclick: () => download(file) }, words);
    if (!PICTURES.test(file.media_type || "")) return save;
    const picture = make("img", { alt: file.name || "", onload: stay });
    if (!pictures.has(file.id)) pictures.set(file.id, fetched(file));
    pictures.get(file.id).then((address) => { picture.src = address; }, () => { pictures.delete(file.id); picture.remove(); });
    return make("div", {}, picture, save);
  }

  function drawUnsent(message) {
    const names = (message.shown || []).map((file) => file.name).join(", ");
    const bubble = make("div", { class: "turn mine" }, make("span", { class: "hidden" }, `${say("you")}: `), message.text || names);
    const foot = make("div", { class: "foot mine" });
    if (!message.failed) foot.append(make("span", {}, say("sending")));
    else foot.append(
      make("span", { class: "bad" }, `${say("notSent")}: ${message.failed}`),
      make("button", { type: "button", class: "link", onclick: () => talk.retry(message.key) }, say("again")),
      make("button", { type: "button", class: "link", onclick: () => talk.drop(message.key) }, say("remove")));
    return [bubble, foot];
  }

  function drawScore() {
    const session = talk.chat.scores || (talk.call && talk.call.scores) || "";
    const mark = scored && scored !== session ? "thanks" : session;
    if (score.dataset.mark === mark) return;
    score.dataset.mark = mark;
    if (mark === "thanks") score.replaceChildren(make("div", { class: "box", role: "status" }, say("scoreThanks")));
    else score.replaceChildren(...(session ? [scoreForm(session)] : []));
  }

  function scoreForm(session) {
    const marks = [1, 2, 3, 4, 5].map((n) =>
      make("label", {}, make("input", { type: "radio", name: "score", value: String(n), required: true }), say(`score${n}`)));
    const why = make("input", { type: "text", maxlength: "500", "aria-label": say("scoreWhy"), placeholder: say("scoreWhy") });
    return make("form", {
      class: "box",
      onsubmit: (event) => {
        event.preventDefault();
        const value = Number(new FormData(event.target).get("score"));
        attempt(async () => {
          await talk.score(session, value, why.value);
          scored = session;
          if (talk.chat.scores === session) talk.chat.scores = "";
          if (talk.call && talk.call.scores === session) talk.call.scores = "";
        }).then(() => box.focus());
      },
    }, make("fieldset", {}, make("legend", {}, say("scoreTitle")), make("div", { class: "marks" }, ...marks)),
      make("div", { class: "row" }, why, make("button", { class: "main" }, say("scoreSend"))));
  }

  function drawDeeds() {
    const { stage } = talk.chat;
    const mark = [stage, asked].join();
    if (deeds.dataset.mark === mark) return;
    const focused = deeds.contains(root.activeElement);
    deeds.dataset.mark = mark;
    const found = [];
    const deed = (words, done) => found.push(make("button", { type: "button", onclick: done }, words));
    if (asked) {
      found.push(make("span", {}, say("endSure")));
      deed(say("yes"), () => { asked = false; attempt(() => talk.end()); });
      deed(say("no"), () => { asked = false; draw(); });
    } else {
      if (config.first !== "person" && ["new", "assistant", "ended"].includes(stage)) deed(say("person"), person);
      if (!["new", "ended"].includes(stage)) deed(say("end"), () => { asked = true; draw(); });
    }
    deeds.replaceChildren(...found);
    if (focused) (deeds.querySelector("button") || box).focus();
  }

  // Calls

  function askCall() {
    wantsCall = !wantsCall;
    drawCall();
    if (wantsCall) callBox.querySelector("button").focus();
  }

  function drawCall() {
    callButton.hidden = !config.calls || config.calls === "off" || Boolean(call && call.busy);
    callButton.setAttribute("aria-expanded", String(wantsCall));
    if (call && call.busy) { call.draw(callBox); return; }
    const mark = wantsCall ? "ask" : call ? call.end : "";
    if (callBox.dataset.mark === mark) return;
    callBox.dataset.mark = mark;
    if (wantsCall) callBox.replaceChildren(callForm());
    else callBox.replaceChildren(...(mark ? [make("div", { class: "box", role: "status" }, mark)] : []));
  }

  function callForm() {
    const consent = make("input", { type: "checkbox" });
    return make("div", { class: "box", role: "group", "aria-label": say("callTitle") },
      make("h3", {}, say("callTitle")), make("p", {}, say("callAsk")),
      config.records ? make("label", { class: "check" }, consent, say("callRecord")) : null,
      make("div", { class: "row" },
        make("button", { type: "button", class: "main", onclick: () => begin(config.records ? (consent.checked ? "given" : "refused") : "unknown") }, say("callStart")),
        make("button", { type: "button", onclick: () => { askCall(); box.focus(); } }, say("cancel"))));
  }

  async function begin(consent) {
    wantsCall = false;
    callBox.dataset.mark = "";
    const { Call } = await import("./call.js");
    call = new Call({ talk, say, make, files: known.files, waits: config.calls === "assistant", changed: () => draw() });
    await call.begin(consent);
  }

  addEventListener("pagehide", () => call && call.hangUp());
  if (talk.known) talk.connect();
  return {
    open: show,
    close,
    toggle: () => (open ? close() : show()),
    again: () => { talk.identity = data.identity; return talk.start(); },
    talk,
    host,
  };
}

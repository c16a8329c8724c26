// The one script a page names: draws the button at once, and loads the rest when somebody wants it.
(() => {
  const config = /* the broker's settings */ {};
  const script = document.currentScript;
  if (!script || window.operatorWidget) return;
  const base = new URL(".", script.src).href;
  const files = `${base}widget/${config.version}/`;
  const data = { ...script.dataset };
  const language = (data.language || document.documentElement.lang || navigator.language || "en").toLowerCase();
  const labels = { en: "Open chat", de: "Chat öffnen", es: "Abrir chat", fr: "Ouvrir la discussion" };
  const label = labels[language.split("-")[0]] || labels.en;

  const host = document.createElement("operator-widget");
  if (data.theme) host.setAttribute("theme", data.theme);
  if (data.position === "left") host.setAttribute("left", "");
  const root = host.attachShadow({ mode: "open" });
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(`
    :host { all: initial; position: fixed; z-index: 2147483000; inset: auto 20px 20px auto; }
    :host([left]) { inset: auto auto 20px 20px; }
    .launch { display: grid; place-items: center; width: 56px; height: 56px; border: 0; border-radius: 28px; padding: 0;
      cursor: pointer; color: var(--operator-accent-text, #fff); background: var(--operator-accent, #1a5fb4);
      box-shadow: 0 2px 12px rgb(0 0 0 / .35); }
    .launch:focus-visible { outline: 3px solid #fff; outline-offset: -6px; box-shadow: 0 0 0 3px #000; }
    .launch svg { width: 28px; height: 28px; fill: none; stroke: currentColor; stroke-width: 2; }
    .badge { position: absolute; top: -4px; right: -4px; min-width: 22px; height: 22px; border-radius: 11px;
      font: 700 13px/22px system-ui, sans-serif; text-align: center; color: #fff; background: #b3261e; }
    [hidden] { display: none !important; }
    @media print { :host { display: none; } }
  `);
  root.adoptedStyleSheets = [sheet];
  const button = document.createElement("button");
  button.className = "launch";
  button.type = "button";
  button.setAttribute("aria-label", label);
  button.setAttribute("aria-haspopup", "dialog");
  button.setAttribute("aria-expanded", "false");
  const icon = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  icon.setAttribute("viewBox", "0 0 24 24");
  icon.setAttribute("aria-hidden", "true");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", "M4 5h16v11H9l-5 4z");
  icon.append(path);
  const badge = document.createElement("span");
  badge.className = "badge";
  badge.hidden = true;
  badge.setAttribute("aria-hidden", "true");
  button.append(icon, badge);
  root.append(button);

  let loading = null;
  const load = () => {
    loading ||= import(`${files}main.js`).then((main) =>
      main.start({ base, files, config, data, language, host, root, button, badge, label }),
    );
    loading.catch(() => { loading = null; });
    return loading;
  };
  const open = () => load().then((panel) => panel.open());
  button.addEventListener("click", () => load().then((panel) => panel.toggle()).catch(() => {}));
  const place = () => {
    document.body.append(host);
    let known = null;
    try { known = localStorage.getItem(`operator-widget ${base}`); } catch { /* storage is off: a visit is this page */ }
    if (data.open === "true") open();
    else if (known) load();
  };
  if (document.body) place();
  else document.addEventListener("DOMContentLoaded", place, { once: true });

  window.operatorWidget = {
    open,
    close: () => loading && loading.then((panel) => panel.close()),
    identify: (identity) => { data.identity = identity; return loading && loading.then((panel) => panel.again()); },
  };
})();

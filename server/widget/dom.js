// Make elements. Text goes in as text and as nothing else: no string of anybody is ever read as HTML.
export function make(tag, facts = {}, ...parts) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(facts)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "class") element.className = value;
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...parts.filter((part) => part !== null && part !== undefined && part !== ""));
  return element;
}

const LINK = /https?:\/\/[^\s<>"'`]+[^\s<>"'`.,;:!?)\]}]/g;

// Return the parts of a text: what is a web address becomes a link that opens by itself and tells nobody whence.
export function linked(text) {
  const parts = [];
  let from = 0;
  for (const found of text.matchAll(LINK)) {
    let address;
    try { address = new URL(found[0]); } catch { continue; }
    if (address.username || !/^https?:$/.test(address.protocol)) continue;
    parts.push(text.slice(from, found.index));
    parts.push(make("a", { href: address.href, target: "_blank", rel: "noopener noreferrer nofollow ugc" }, found[0]));
    from = found.index + found[0].length;
  }
  return [...parts, text.slice(from)];
}

// Return a size in words.
export function size(bytes) {
  if (bytes < 1000) return `${bytes} B`;
  return bytes < 1e6 ? `${Math.round(bytes / 1000)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

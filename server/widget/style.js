// How the panel looks. A page sets the colours: operator-widget { --operator-accent: #7a1fa2; }
export const style = `
:host {
  --accent: var(--operator-accent, #1a5fb4); --accent-text: var(--operator-accent-text, #fff);
  --back: var(--operator-back, #fff); --text: var(--operator-text, #1c1c1f); --dim: var(--operator-dim, #56565c);
  --line: var(--operator-line, #d4d4da); --theirs: var(--operator-theirs, #ececf1); --bad: var(--operator-bad, #b3261e);
  --font: var(--operator-font, system-ui, sans-serif);
}
:host([theme="dark"]) {
  --accent: var(--operator-accent, #8ab8f5); --accent-text: var(--operator-accent-text, #0b1a2c);
  --back: var(--operator-back, #1d1f24); --text: var(--operator-text, #f1f1f4); --dim: var(--operator-dim, #b3b5bd);
  --line: var(--operator-line, #43464f); --theirs: var(--operator-theirs, #2d3038); --bad: var(--operator-bad, #ffb4ab);
}
@media (prefers-color-scheme: dark) { :host(:not([theme="light"])) {
  --accent: var(--operator-accent, #8ab8f5); --accent-text: var(--operator-accent-text, #0b1a2c);
  --back: var(--operator-back, #1d1f24); --text: var(--operator-text, #f1f1f4); --dim: var(--operator-dim, #b3b5bd);
  --line: var(--operator-line, #43464f); --theirs: var(--operator-theirs, #2d3038); --bad: var(--operator-bad, #ffb4ab);
} }
.launch { color: var(--accent-text); background: var(--accent); }
.panel { position: absolute; bottom: 70px; right: 0; width: 380px; height: min(640px, calc(100dvh - 110px));
  display: flex; flex-direction: column; overflow: hidden; border: 1px solid var(--line); border-radius: 14px;
  font: 15px/1.45 var(--font); color: var(--text); background: var(--back); box-shadow: 0 8px 40px rgb(0 0 0 / .3);
  animation: rise .16s ease-out; }
:host([left]) .panel { right: auto; left: 0; }
@keyframes rise { from { opacity: 0; transform: translateY(10px); } }
@media (prefers-reduced-motion: reduce) { *, .panel { animation: none !important; transition: none !important; } }
@media (max-width: 480px), (max-height: 480px) {
  .panel, :host([left]) .panel { position: fixed; inset: 0; width: auto; height: auto; border: 0; border-radius: 0; }
}
* { box-sizing: border-box; }
header { display: flex; align-items: center; gap: 6px; padding: 10px 12px; color: var(--accent-text);
  background: var(--accent); }
h2 { flex: 1; margin: 0; font-size: 17px; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
button { font: inherit; color: inherit; background: none; border: 1px solid var(--dim); border-radius: 8px;
  min-height: 36px; padding: 4px 12px; cursor: pointer; }
button:disabled { opacity: .55; cursor: default; }
header button { border-color: currentColor; }
.main { color: var(--accent-text); background: var(--accent); border-color: var(--accent); }
.icon { min-width: 40px; padding: 4px; font-size: 18px; line-height: 1; }
.link { min-height: 24px; padding: 0 4px; border: 0; text-decoration: underline; font-size: 13px; color: var(--dim); }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
header :focus-visible { outline-color: var(--accent-text); }
.state { padding: 8px 12px; border-bottom: 1px solid var(--line); color: var(--dim); font-size: 14px; }
.state:empty { display: none; }
.state.bad { color: var(--bad); font-weight: 600; }
.log { flex: 1; overflow-y: auto; overscroll-behavior: contain; padding: 12px; display: flex; flex-direction: column;
  gap: 8px; outline-offset: -3px; }
.one { display: contents; }
.turn { max-width: 84%; align-self: flex-start; padding: 8px 12px; border-radius: 12px; background: var(--theirs);
  overflow-wrap: anywhere; white-space: pre-wrap; unicode-bidi: plaintext; }
.turn.mine { align-self: flex-end; color: var(--accent-text); background: var(--accent); }
.turn.system { align-self: center; background: none; color: var(--dim); text-align: center; font-size: 14px; }
.who { display: block; font-size: 13px; color: var(--dim); }
.state, .who, .types, .box p, h2 { unicode-bidi: plaintext; }
.foot { display: flex; flex-wrap: wrap; gap: 2px 8px; align-items: center; align-self: flex-start; font-size: 13px;
  color: var(--dim); margin-top: -4px; }
.foot.mine { align-self: flex-end; }
.foot .bad { color: var(--bad); font-weight: 600; }
.gone { font-style: italic; }
.turn a { color: inherit; }
.turn .file { display: block; margin-top: 4px; color: inherit; border-color: currentColor; text-align: start; }
.turn img { display: block; max-width: 100%; max-height: 220px; margin-top: 6px; border-radius: 8px; }
.types { min-height: 22px; padding: 0 12px; font-size: 13px; color: var(--dim); }
.deeds { display: flex; flex-wrap: wrap; gap: 6px; padding: 4px 12px; }
.deeds:empty { display: none; }
form.write { display: flex; align-items: flex-end; gap: 6px; padding: 8px 12px 12px; }
textarea, input[type="text"] { flex: 1; min-width: 0; font: inherit; color: inherit; background: var(--back);
  border: 1px solid var(--dim); border-radius: 10px; padding: 8px 10px; }
::placeholder { color: var(--dim); opacity: 1; }
textarea { resize: none; max-height: 120px; height: 40px; }
.box { border: 1px solid var(--line); border-radius: 12px; padding: 10px 12px; margin: 8px 12px; }
.box h3, .box legend { margin: 0 0 6px; padding: 0; font-size: 15px; font-weight: 600; }
.box p { margin: 0 0 8px; }
fieldset { border: 0; margin: 0; padding: 0; }
.marks { display: grid; grid-template-columns: repeat(5, 1fr); margin-bottom: 8px; text-align: center; font-size: 14px; }
.marks label, .check { display: flex; gap: 6px; align-items: center; min-height: 28px; }
.marks label { flex-direction: column; gap: 0; }
.box .row input[type="text"] { flex-basis: 100%; }
.row { display: flex; flex-wrap: wrap; gap: 8px; align-items: center; }
meter { width: 70px; }
.hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
[hidden] { display: none !important; }
@media (forced-colors: active) { .turn, .launch, header { border: 1px solid; } }
`;

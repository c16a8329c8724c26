// A call from the page: microphone to the broker's media socket and back, and how it stands in words.
const RATE = 16000;
const SAMPLES = 320; // 20 ms
const HEADER = 12;
const ASSISTANT_MS = 8000; // how long an assistant's audio may take to come before a person is called

export class Call {
  constructor({ talk, say, make, files, waits, changed }) {
    Object.assign(this, { talk, say, make, files, waits, changed });
    this.busy = false;
    this.end = "";
    this.muted = false;
    this.step = "";
    this.phase = "assistant";
    this.level = 0;
  }

  #context = null;
  #stream = null;
  #socket = null;
  #mic = null;
  #ear = null;
  #box = null;
  #sequence = 0;
  #epoch = 0;
  #heardAt = 0;
  #timers = [];

  async begin(consent) {
    this.consent = consent;
    this.busy = true;
    this.#say("callMicrophone");
    try {
      this.#context = new AudioContext({ latencyHint: "interactive" });
      this.#stream = await navigator.mediaDevices.getUserMedia({
        audio: { channelCount: 1, echoCancellation: true, noiseSuppression: true, autoGainControl: true },
      });
      this.#say("callConnecting");
      await this.#context.audioWorklet.addModule(`${this.files}audio.js`);
      await this.talk.connect();
      const made = await this.talk.ask("POST", "call");
      this.#connect(made.media);
    } catch (error) {
      const denied = { NotAllowedError: "callDenied", SecurityError: "callDenied", NotFoundError: "callNoMicrophone" };
      this.#over(denied[error.name] ? this.say(denied[error.name]) : this.say("failed", { why: error.message }));
    }
  }

  #say(step) {
    this.step = step;
    this.changed();
  }

  #connect(media) {
    const socket = new WebSocket(media.url);
    this.#socket = socket;
    socket.binaryType = "arraybuffer";
    socket.onopen = () => socket.send(JSON.stringify({ type: "hello", token: media.token, rate: RATE, codec: "pcm16" }));
    socket.onmessage = (event) => (typeof event.data === "string" ? this.#told(JSON.parse(event.data)) : this.#heard(event.data));
    socket.onclose = (event) => this.#over(this.say(event.code === 1000 ? "callOver" : "callLost"));
  }

  #told(frame) {
    if (frame.type === "ready") this.#ready(frame);
    else if (frame.type === "phase") this.phase = frame.phase;
    else if (frame.type === "ping") this.#socket.send(JSON.stringify({ type: "pong", at: frame.at }));
    else if (frame.type === "bye") this.#over(this.say("callOver"));
    this.changed();
  }

  #ready(frame) {
    this.#epoch = frame.epoch;
    this.step = "";
    const context = this.#context;
    const options = { numberOfInputs: 1, numberOfOutputs: 1, outputChannelCount: [1] };
    this.#mic = new AudioWorkletNode(context, "operator-mic", options);
    this.#ear = new AudioWorkletNode(context, "operator-ear", { ...options, numberOfInputs: 0 });
    this.#mic.port.onmessage = (event) => this.#speak(event.data);
    context.createMediaStreamSource(this.#stream).connect(this.#mic);
    this.#ear.connect(context.destination);
    context.resume();
    if (this.waits) this.#timers.push(setTimeout(() => this.#unanswered() && this.person(), ASSISTANT_MS));
    else this.person();
    this.#timers.push(setInterval(() => this.#keepLine(), 1000));
  }

  #unanswered() {
    const call = this.talk.call || {};
    return call.stage !== "waiting" && call.stage !== "operator" && !call.assistant_on_line;
  }

  // Put the call into the queue.
  person() {
    return this.talk.ask("POST", "call/person", { consent: this.consent })
      .catch((error) => this.#over(this.say("failed", { why: error.message })));
  }

  #speak(samples) {
    const socket = this.#socket;
    if (!socket || socket.readyState !== WebSocket.OPEN || socket.bufferedAmount > 64000) return;
    const frame = new ArrayBuffer(HEADER + SAMPLES * 2);
    const view = new DataView(frame);
    view.setUint8(0, 1);
    view.setUint8(1, 1);
    view.setUint16(2, this.#epoch & 0xffff);
    view.setUint32(4, this.#sequence >>> 0);
    view.setUint32(8, (this.#sequence * 20) >>> 0);
    let most = 0;
    for (let n = 0; n < SAMPLES; n += 1) {
      const sample = this.muted ? 0 : samples[n];
      most = Math.max(most, Math.abs(sample));
      view.setInt16(HEADER + n * 2, sample, true);
    }
    this.#sequence += 1;
    socket.send(frame);
    this.level = Math.max(most / 32768, this.level * 0.8);
    if (this.meter && this.#sequence % 5 === 0) this.meter.value = Math.min(1, this.level * 2);
  }

  #heard(data) {
    const view = new DataView(data);
    if (view.getUint8(0) !== 1 || view.getUint16(2) !== (this.#epoch & 0xffff)) return;
    const count = (data.byteLength - HEADER) / 2;
    const samples = new Int16Array(count);
    for (let n = 0; n < count; n += 1) samples[n] = view.getInt16(HEADER + n * 2, true);
    this.#heardAt = performance.now();
    this.#ear.port.postMessage(samples, [samples.buffer]);
  }

  // While nobody speaks to the caller yet, two soft tones every five seconds say that the line is alive.
  #keepLine() {
    if (this.phase !== "assistant" || performance.now() - this.#heardAt < 1500) return;
    this.seconds = ((this.seconds ?? -1) + 1) % 5;
    if (this.seconds !== 0) return;
    const now = this.#context.currentTime;
    for (const start of [now + 0.05, now + 0.31]) {
      const tone = this.#context.createOscillator();
      const gain = this.#context.createGain();
      tone.frequency.value = 425;
      gain.gain.setValueAtTime(0, start);
      gain.gain.linearRampToValueAtTime(0.06, start + 0.01);
      gain.gain.setValueAtTime(0.06, start + 0.15);
      gain.gain.linearRampToValueAtTime(0, start + 0.16);
      tone.connect(gain).connect(this.#context.destination);
      tone.start(start);
      tone.stop(start + 0.17);
    }
  }

  // End it: say goodbye on the line, and to the broker in case the line is gone.
  hangUp() {
    if (!this.busy) return;
    if (this.#socket && this.#socket.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify({ type: "bye" }));
    this.talk.ask("POST", "call/end").catch(() => {});
    this.#over(this.say("callOver"));
  }

  #over(words) {
    if (!this.busy) return;
    this.busy = false;
    this.end = words;
    for (const timer of this.#timers) clearInterval(timer);
    if (this.#socket) { this.#socket.onclose = null; this.#socket.close(1000); }
    if (this.#stream) for (const track of this.#stream.getTracks()) track.stop();
    if (this.#context) this.#context.close();
    this.#box = null;
    this.changed();
  }

  get words() {
    if (this.step) return this.say(this.step);
    const call = this.talk.call || {};
    if (this.phase === "hold" || call.stage === "hold") return this.say("callHold");
    if (this.phase === "operator") return this.say("callOperator", { name: call.operator || "" });
    if (call.stage === "waiting") {
      const words = [this.say("callWaiting")];
      if (call.position) words.push(this.say("position", { n: call.position }));
      if (call.wait_seconds) words.push(this.say("minutes", { n: Math.ceil(call.wait_seconds / 60) }));
      return words.join(" ");
    }
    return this.say(call.assistant_on_line ? "callAssistant" : "callConnecting");
  }

  draw(box) {
    const { make, say } = this;
    if (this.#box !== box) {
      this.#box = box;
      this.line = make("p", { role: "status" });
      this.meter = make("meter", { min: "0", max: "1", "aria-hidden": "true" });
      this.mute = make("button", { type: "button", "aria-pressed": "false", onclick: () => this.#mute() }, say("mute"));
      this.wish = make("button", { type: "button", onclick: () => this.person() }, say("person"));
      const hang = make("button", { type: "button", class: "main", onclick: () => this.hangUp() }, say("hangUp"));
      box.dataset.mark = "call";
      box.replaceChildren(make("div", { class: "box", role: "group", "aria-label": say("call") },
        this.line, make("div", { class: "row" }, this.mute, this.wish, hang, this.meter)));
      hang.focus();
    }
    const call = this.talk.call || {};
    if (this.line.textContent !== this.words) this.line.textContent = this.words;
    this.wish.hidden = !call.assistant_on_line || call.stage !== "assistant";
  }

  #mute() {
    this.muted = !this.muted;
    this.mute.setAttribute("aria-pressed", String(this.muted));
    this.mute.textContent = this.say(this.muted ? "muted" : "mute");
  }
}

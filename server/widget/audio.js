// The two ends of a call's sound, in the browser's audio thread: frames of 20 ms at 16 kHz out of the microphone and
// into the ear, whatever rate the device has.
const RATE = 16000;
const SAMPLES = RATE / 50;
const PHASES = 64;
const LOBES = 12;

// Change the rate of a stream: a windowed sinc, cut off below half of the lower rate so that nothing folds back.
class Resampler {
  constructor(from, to) {
    this.step = from / to;
    const cut = Math.min(1, to / from) * 0.94;
    this.half = Math.ceil(LOBES / cut);
    this.table = Array.from({ length: PHASES + 1 }, (_, phase) =>
      Float32Array.from({ length: 2 * this.half }, (__, tap) => {
        const at = tap - this.half + 1 - phase / PHASES;
        const x = Math.PI * at * cut;
        const sinc = Math.abs(x) < 1e-9 ? 1 : Math.sin(x) / x;
        return cut * sinc * (0.5 + 0.5 * Math.cos((Math.PI * at) / this.half));
      }));
    this.input = new Float32Array(2 * this.half);
    this.at = this.half;
  }

  // Take samples and return all that can be made of them.
  change(samples) {
    const input = new Float32Array(this.input.length + samples.length);
    input.set(this.input);
    input.set(samples, this.input.length);
    const made = [];
    for (; this.at + this.half < input.length; this.at += this.step) {
      const first = Math.floor(this.at);
      const taps = this.table[Math.round((this.at - first) * PHASES)];
      let sum = 0;
      for (let tap = 0; tap < taps.length; tap += 1) sum += input[first - this.half + 1 + tap] * taps[tap];
      made.push(sum);
    }
    const keep = Math.max(0, Math.floor(this.at) - this.half);
    this.input = input.slice(keep);
    this.at -= keep;
    return made;
  }
}

class Mic extends AudioWorkletProcessor {
  constructor() {
    super();
    this.resampler = new Resampler(sampleRate, RATE);
    this.frame = new Int16Array(SAMPLES);
    this.filled = 0;
  }

  process([input]) {
    const channel = input[0];
    if (!channel) return true;
    for (const sample of this.resampler.change(channel)) {
      this.frame[this.filled] = Math.max(-32768, Math.min(32767, Math.round(sample * 32767)));
      this.filled += 1;
      if (this.filled === SAMPLES) {
        this.port.postMessage(this.frame, [this.frame.buffer]);
        this.frame = new Int16Array(SAMPLES);
        this.filled = 0;
      }
    }
    return true;
  }
}

const LEAST = 0.06; // seconds that wait before the first is heard, so that a late frame leaves no gap
const MOST = 0.3; // more than this is behind the talk: it is left out

class Ear extends AudioWorkletProcessor {
  constructor() {
    super();
    this.resampler = new Resampler(RATE, sampleRate);
    this.waiting = [];
    this.count = 0;
    this.offset = 0;
    this.playing = false;
    this.port.onmessage = (event) => this.take(event.data);
  }

  take(samples) {
    const made = Float32Array.from(this.resampler.change(Float32Array.from(samples, (one) => one / 32768)));
    this.waiting.push(made);
    this.count += made.length;
    while (this.count > MOST * sampleRate) {
      this.count -= this.waiting[0].length - this.offset;
      this.offset = 0;
      this.waiting.shift();
    }
    if (this.count >= LEAST * sampleRate) this.playing = true;
  }

  process(_, [output]) {
    const channel = output[0];
    for (let n = 0; this.playing && n < channel.length; n += 1) {
      if (!this.waiting.length) { this.playing = false; break; }
      channel[n] = this.waiting[0][this.offset];
      this.offset += 1;
      this.count -= 1;
      if (this.offset === this.waiting[0].length) { this.waiting.shift(); this.offset = 0; }
    }
    return true;
  }
}

registerProcessor("operator-mic", Mic);
registerProcessor("operator-ear", Ear);

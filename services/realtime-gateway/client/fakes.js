/**
 * A browser's surroundings in which nothing happens by itself: time, chance, network and streams are the test's.
 */

/** Lets everything run that is ready to. */
export const settle = () => new Promise((resolve) => setImmediate(resolve));

class FakeEventSource extends EventTarget {
  readyState = 0;
  onerror = null;

  constructor(url) {
    super();
    this.url = new URL(url, 'http://test.invalid');
  }

  close() {
    this.readyState = 2;
  }
}

class FakeDocument extends EventTarget {
  visibilityState = 'visible';
}

export class World {
  now = 1_000_000;
  /** What `random` answers. */
  chance = 0.5;
  /** Requests for tickets, as they came. */
  requests = [];
  /** What they are answered, in turn; a ticket when nothing is said. Functions are called. */
  answers = [];
  /** Streams that were opened, oldest first. */
  streams = [];
  window = new EventTarget();
  document = new FakeDocument();
  #timers = new Map();
  #drawn = 0;

  environment = {
    fetch: (url, request) => this.#answer(url, request),
    EventSource: this.#eventSource(),
    setTimeout: (then, ms) => {
      this.#timers.set((this.#drawn += 1), { then, at: this.now + ms });
      return this.#drawn;
    },
    clearTimeout: (timer) => this.#timers.delete(timer),
    now: () => this.now,
    random: () => this.chance,
    window: this.window,
    document: this.document,
  };

  #eventSource() {
    const { streams } = this;
    return class extends FakeEventSource {
      constructor(url) {
        super(url);
        streams.push(this);
      }
    };
  }

  async #answer(url, { headers, body, signal }) {
    this.requests.push({ url, token: headers.authorization, body: JSON.parse(body) });
    const answer = this.answers.shift() ?? { ticket: `ticket-${this.requests.length}` };
    if (typeof answer === 'function') return answer(signal);
    const { status = 200, retryAfter, ...said } = answer;
    return new Response(JSON.stringify(said), { status, headers: retryAfter ? { 'retry-after': retryAfter } : {} });
  }

  /** Everything that is due within `ms` happens. */
  async pass(ms) {
    const until = this.now + ms;
    for (;;) {
      const [timer, next] = [...this.#timers].sort(([, a], [, b]) => a.at - b.at)[0] ?? [];
      if (!next || next.at > until) break;
      this.#timers.delete(timer);
      this.now = Math.max(this.now, next.at);
      next.then();
      await settle();
    }
    this.now = until;
    await settle();
  }

  /** How many things are waited for. */
  get timers() {
    return this.#timers.size;
  }

  /** The newest stream. */
  get stream() {
    return this.streams.at(-1);
  }

  /** The newest stream says something. */
  say(name, data, id = this.stream.lastId ?? '') {
    const { stream } = this;
    stream.lastId = id;
    const event = new Event(name);
    stream.dispatchEvent(Object.assign(event, { data: JSON.stringify(data), lastEventId: id }));
  }

  greet(id, more = {}) {
    this.stream.readyState = 1;
    this.say('realtime:connected', { ok: true, channel: 'client:a', at: '2026-03-10T14:25:01.500Z', ...more }, id);
  }

  /** The newest stream breaks; one whose answer was no stream is closed by that. */
  break({ closed = false } = {}) {
    this.stream.readyState = closed ? 2 : 0;
    this.stream.onerror?.(new Event('error'));
  }
}

// @ts-check
/**
 * A stream of live events that comes back by itself. README.md says how to use it, `avvivo-realtime.d.ts` what there is.
 *
 * A native `EventSource` reconnects by itself, but to the same address, and in ours is a ticket that is good once. So on
 * every end it is closed, and another is opened with a new ticket and the cursor of the last event: the gateway replays
 * what was missed, in order, whichever instance it is.
 *
 * @module avvivo-realtime
 */

/**
 * @typedef {import('./avvivo-realtime.d.ts').RealtimeOptions} RealtimeOptions
 * @typedef {import('./avvivo-realtime.d.ts').RealtimeEnvironment} RealtimeEnvironment
 * @typedef {import('./avvivo-realtime.d.ts').RealtimeState} RealtimeState
 * @typedef {import('./avvivo-realtime.d.ts').Problem} Problem
 * @typedef {{ abort: AbortController, source: EventSource | null, names: Set<string>, lastId: string }} Connection
 */

const TICKETS = '/realtime/tickets';
const STREAM = '/realtime/stream';

/** What the stream says of itself. Pages hear of it as `state` and `gap`. */
const OF_THE_STREAM = ['realtime:connected', 'realtime:resync', 'realtime:ping'];
/** What this client says, beside the events of the stream. */
const OF_THE_CLIENT = ['state', 'gap'];

/** The first wait after a failure is below this, each further one below twice as much; all are drawn, so that thousands
 * who lose the same gateway do not come back at once. */
const BACKOFF_MS = 1_000;
/** Nobody who looks at a screen waits longer than this. */
const BACKOFF_CAP_MS = 30_000;
/** A connection that held this long was one: the waits begin anew. */
const STABLE_MS = 10_000;
/** From asking for a ticket to the stream's first event. */
const CONNECT_LIMIT_MS = 15_000;
/** How late the second of two beats may come. */
const BEAT_SLACK_MS = 10_000;
/** `EventSource.CLOSED`. */
const CLOSED = 2;

export class AvvivoRealtime {
  /** @type {RealtimeOptions} */ #options;
  /** @type {string[] | undefined} */ #topics;
  /** @type {RealtimeEnvironment} */ #around;
  /** @type {Map<string, Set<(data: any) => void>>} */ #listeners = new Map();
  /** @type {RealtimeState} */ #state = { state: 'idle' };
  /** @type {string | null} */ #cursor = null;
  /** How far each audience was read. @type {Map<string, string>} */ #places = new Map();
  /** The connection that is being made or there is. Whatever belongs to another is late, and not listened to.
   * @type {Connection | null} */
  #connection = null;
  /** The one thing that is waited for. */
  #timer = /** @type {any} */ (undefined);
  #failures = 0;
  #everOpen = false;
  /** When the connection opened. @type {number | null} */ #openSince = null;
  #heardAt = 0;
  /** How long an open stream may say nothing. @type {number | null} */ #silenceMs = null;

  /** @param {RealtimeOptions} options */
  constructor(options) {
    this.#options = options;
    this.#topics = options.topics;
    const { fetch, EventSource, setTimeout, clearTimeout, window, document } = /** @type {any} */ (globalThis);
    this.#around = {
      // Bound, because browsers insist on it.
      fetch: fetch?.bind(globalThis),
      setTimeout: setTimeout?.bind(globalThis),
      clearTimeout: clearTimeout?.bind(globalThis),
      now: () => Date.now(),
      random: () => Math.random(),
      EventSource,
      window,
      document,
      ...options.environment,
    };
    if (options.since) this.#move(options.since);
  }

  /** What the connection does now. */
  get state() {
    return this.#state;
  }

  /** Where the stream was read to: the `since` of a later client. */
  get cursor() {
    return this.#cursor;
  }

  /**
   * Calls `listener` with the data of every event of that name, until the answered function is called.
   *
   * @param {string} name
   * @param {(data: any) => void} listener
   * @returns {() => void}
   */
  on(name, listener) {
    const listeners = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, listeners.add(listener));
    this.#hearOf(name);
    return () => void listeners.delete(listener);
  }

  /** Connects, and stays connected until `close`. */
  open() {
    if (this.#state.state !== 'idle' && this.#state.state !== 'closed') return;
    this.#around.window?.addEventListener('online', this.#wake);
    this.#around.document?.addEventListener('visibilitychange', this.#wake);
    this.#failures = 0;
    this.#connect();
  }

  /**
   * Hears other topics from now on. What goes on being heard goes on where it was; what is new begins now.
   *
   * @param {string[]} topics
   */
  follow(topics) {
    this.#topics = topics;
    if (this.#state.state !== 'open' && this.#state.state !== 'connecting') return;
    this.#drop();
    this.#connect();
  }

  /** Ends the connection. `open` begins it again, where it was. */
  close() {
    this.#end({ state: 'closed', reason: 'closed' });
  }

  async #connect() {
    /** @type {Connection} */
    const connection = { abort: new AbortController(), source: null, names: new Set(), lastId: '' };
    this.#connection = connection;
    this.#after(CONNECT_LIMIT_MS, () => this.#lost('timeout'));
    this.#become({ state: 'connecting' });
    let ticket;
    try {
      ticket = await this.#ticket(connection.abort.signal);
    } catch (fault) {
      if (this.#connection !== connection) return;
      if (fault instanceof Refusal) this.#end({ state: 'closed', reason: fault.reason, problem: fault.problem });
      else this.#lost('unavailable', { retryInMs: fault instanceof Busy ? fault.retryAfterMs : 0 });
      return;
    }
    if (this.#connection === connection) this.#listen(connection, ticket);
  }

  /**
   * A ticket for one stream. Whoever is refused is asked for a token once more: it may have expired a moment ago.
   *
   * @param {AbortSignal} signal
   * @returns {Promise<string>}
   */
  async #ticket(signal) {
    const { baseUrl = '', getToken } = this.#options;
    let refusal = new Refusal('unauthorized');
    for (const refused of [false, true]) {
      const token = await getToken({ refused });
      if (!token) throw refusal;
      const answer = await this.#around.fetch(baseUrl + TICKETS, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body: JSON.stringify(this.#topics ? { topics: this.#topics } : {}),
        signal,
      });
      if (answer.ok) return (await answer.json()).ticket;
      if (answer.status !== 401 && answer.status !== 403) throw await faultOf(answer);
      refusal = new Refusal(answer.status === 401 ? 'unauthorized' : 'forbidden', await problemOf(answer));
    }
    throw refusal;
  }

  /** @param {Connection} connection @param {string} ticket */
  #listen(connection, ticket) {
    const { baseUrl = '' } = this.#options;
    const query = new URLSearchParams({ ticket });
    if (this.#cursor) query.set('since', this.#cursor);
    const source = new this.#around.EventSource(`${baseUrl}${STREAM}?${query}`);
    connection.source = source;
    source.onerror = () => {
      // After an answer that is no stream it is closed; after a fault of the network it would connect again.
      const reason = source.readyState === CLOSED ? 'unavailable' : 'network';
      if (this.#connection === connection) this.#lost(reason);
    };
    for (const name of [...OF_THE_STREAM, ...this.#listeners.keys()]) this.#hearOf(name);
  }

  /** Named events reach only those who ask for them by name. @param {string} name */
  #hearOf(name) {
    const connection = this.#connection;
    if (!connection?.source || connection.names.has(name) || OF_THE_CLIENT.includes(name)) return;
    connection.names.add(name);
    connection.source.addEventListener(name, (event) => {
      if (this.#connection === connection) this.#hear(/** @type {MessageEvent} */ (event));
    });
  }

  /** @param {MessageEvent} event */
  #hear(event) {
    const data = JSON.parse(event.data);
    this.#heardAt = this.#around.now();
    if (event.type === 'realtime:connected') this.#opened(data, event.lastEventId);
    else if (event.type === 'realtime:resync' && data.reason !== 'gap') this.#lost(data.reason, { announced: true, ...data });
    else if (event.type === 'realtime:resync') this.#missed(data, event.lastEventId);
    else if (event.type === 'realtime:ping') this.#isNews(event.lastEventId);
    else if (this.#isNews(event.lastEventId)) this.#tell(event.type, data);
  }

  /** @param {{ channel: string, at: string, beatInMs?: number }} greeting @param {string} id */
  #opened({ channel, at, beatInMs }, id) {
    this.#openSince = this.#heardAt;
    this.#isNews(id);
    this.#silenceMs = beatInMs ? 2 * beatInMs + BEAT_SLACK_MS : null;
    this.#around.clearTimeout(this.#timer);
    this.#watch();
    const resumed = this.#everOpen;
    this.#everOpen = true;
    this.#become({ state: 'open', channel, at, resumed });
  }

  /** The gateway no longer has what comes next. Its place is right, even where it is behind ours: ours is of another past.
   * @param {{ topic: string, from: number, to: number, at: string }} gap @param {string} id */
  #missed({ topic, from, to, at }, id) {
    this.#places.clear();
    this.#isNews(id);
    this.#tell('gap', { topic, from, to, at });
  }

  /** Two beats have not come: whatever the socket says, nobody is there. */
  #watch() {
    if (this.#silenceMs === null) return;
    const left = this.#heardAt + this.#silenceMs - this.#around.now();
    if (left <= 0) this.#lost('silent');
    else this.#after(left, () => this.#watch());
  }

  /**
   * Whether an event with this id has not been told before. An id moves with every event that has a place in its
   * audience; one that says what is so now, such as who is typing, has none, and comes with the id of the event before it.
   *
   * @param {string} id
   */
  #isNews(id) {
    const connection = this.#connection;
    if (!connection || id === connection.lastId) return true;
    connection.lastId = id;
    return this.#move(id);
  }

  /** Takes note of a cursor; whether any audience is further by it. @param {string} cursor */
  #move(cursor) {
    const parts = parseCursor(cursor);
    const further = parts?.filter(([audience, place]) => isAfter(place, this.#places.get(audience)));
    // A cursor of a grammar that is not known here moves, as far as anybody can tell.
    if (further?.length === 0) return false;
    for (const [audience, place] of further ?? []) this.#places.set(audience, place);
    this.#cursor = cursor;
    return true;
  }

  /**
   * The connection is gone, and will be made again.
   *
   * @param {string} reason
   * @param {{ announced?: boolean, retryInMs?: number, code?: string }} [how] by the platform's own words
   */
  #lost(reason, { announced = false, retryInMs = 0, code } = {}) {
    const { now, random } = this.#around;
    const wasStable = this.#openSince !== null && now() - this.#openSince >= STABLE_MS;
    this.#drop();
    if (wasStable) this.#failures = 0;
    // The gateway spreads those it sends away. But one that sends the same away again and again is given more time.
    const isTrusted = announced && this.#failures === 0;
    const drawn = isTrusted ? 0 : random() * Math.min(BACKOFF_CAP_MS, BACKOFF_MS * 2 ** this.#failures);
    const wait = Math.round(Math.max(retryInMs, drawn));
    this.#failures += 1;
    this.#after(wait, () => this.#connect());
    this.#become({ state: 'waiting', reason, retryInMs: wait, ...(code && { code }) });
  }

  /** Somebody looks at the page again, or the network is back: waiting longer helps nobody. */
  #wake = (/** @type {Event} */ event) => {
    if (event.type === 'visibilitychange' && this.#around.document?.visibilityState === 'hidden') return;
    if (this.#state.state === 'waiting') {
      this.#failures = 0;
      this.#connect();
    } else if (this.#state.state === 'open') {
      // Timers stand still while a computer sleeps.
      this.#watch();
    }
  };

  /** @param {RealtimeState} state */
  #end(state) {
    this.#drop();
    this.#around.window?.removeEventListener('online', this.#wake);
    this.#around.document?.removeEventListener('visibilitychange', this.#wake);
    this.#become(state);
  }

  #drop() {
    this.#around.clearTimeout(this.#timer);
    const connection = this.#connection;
    this.#connection = null;
    this.#openSince = null;
    connection?.abort.abort();
    connection?.source?.close();
  }

  /** @param {number} ms @param {() => void} then */
  #after(ms, then) {
    this.#around.clearTimeout(this.#timer);
    this.#timer = this.#around.setTimeout(then, ms);
  }

  /** @param {RealtimeState} state */
  #become(state) {
    this.#state = state;
    this.#tell('state', state);
  }

  /** A listener that fails keeps nothing from the others. @param {string} name @param {any} data */
  #tell(name, data) {
    for (const listener of this.#listeners.get(name) ?? []) {
      try {
        listener(data);
      } catch (error) {
        this.#around.setTimeout(() => {
          throw error;
        }, 0);
      }
    }
  }
}

/** It makes no sense to try again. */
class Refusal extends Error {
  /** @param {'unauthorized' | 'forbidden' | 'refused'} reason @param {Problem} [problem] */
  constructor(reason, problem) {
    super(reason);
    this.reason = reason;
    this.problem = problem;
  }
}

/** It makes sense to try again, but not before. */
class Busy extends Error {
  /** @param {number} retryAfterMs */
  constructor(retryAfterMs) {
    super('busy');
    this.retryAfterMs = retryAfterMs;
  }
}

/** What kind of fault an answer is that is neither a ticket nor about the token. @param {Response} answer */
async function faultOf(answer) {
  const isOurs = answer.status >= 400 && answer.status < 500;
  if (isOurs && ![408, 425, 429].includes(answer.status)) return new Refusal('refused', await problemOf(answer));
  const seconds = Number(answer.headers.get('retry-after') ?? 0);
  return new Busy(Number.isFinite(seconds) ? seconds * 1_000 : 0);
}

/** What an answer says is wrong. @param {Response} answer @returns {Promise<Problem>} */
async function problemOf(answer) {
  const said = await answer.json().catch(() => ({}));
  return { status: answer.status, code: said.code, message: said.message };
}

/**
 * The parts of a cursor, `tag-place` with dots between them: four characters for an audience, and how far it was read. Null
 * for what is no cursor.
 *
 * @param {string} cursor
 * @returns {Array<[string, string]> | null}
 */
function parseCursor(cursor) {
  if (!/^[0-9a-z]{4}-[0-9a-z]+(\.[0-9a-z]{4}-[0-9a-z]+)*$/.test(cursor)) return null;
  return cursor.split('.').map((part) => [part.slice(0, 4), part.slice(5)]);
}

/**
 * Whether a place is after another, if there is another. They are whole numbers in base 36 without leading zeros, of up to
 * 64 bits, which is more than a JavaScript number holds.
 *
 * @param {string} place
 * @param {string} [other]
 */
function isAfter(place, other = '') {
  return place.length === other.length ? place > other : place.length > other.length;
}

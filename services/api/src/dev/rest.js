// What the page asks the platform, as one person. The token goes into a header and nowhere else.

export class Refused extends Error {
  constructor(status, said) {
    super(said?.message ?? 'La plataforma no respondió. Probá de nuevo.');
    this.status = status;
    this.code = said?.code;
  }
}

/** Who there is to be; tokens are good for a day, and new at each start of the platform. */
export async function people() {
  const answer = await fetch('/dev/chat/people.json', { cache: 'no-store' });
  if (!answer.ok) throw new Refused(answer.status);
  return answer.json();
}

export class Rest {
  #person;
  #root;

  constructor(person) {
    this.#person = person;
    this.#root = `/chat/${person.side.toLowerCase()}/conversations`;
  }

  /** This person's token; `refused` when the last one was. */
  async token({ refused = false } = {}) {
    if (refused) {
      const again = (await people()).find(({ id }) => id === this.#person.id);
      this.#person = again ?? this.#person;
    }
    return this.#person.token;
  }

  async conversations() {
    const { said, headers } = await this.#ask('GET', this.#root);
    return { conversations: said.items ?? said.conversations, cursor: headers.get('x-realtime-cursor') };
  }

  async open(shopId) {
    return (await this.#ask('POST', `${this.#root}/${shopId}/open`, {})).said;
  }

  /** A page of messages, oldest first, and where the page before it ends. */
  async messages(conversation, cursor) {
    const query = new URLSearchParams({ limit: '40', ...(cursor && { cursor }) });
    const { said, headers } = await this.#ask('GET', `${this.#root}/${conversation}/messages?${query}`);
    return { messages: said.items, before: headers.get('x-next-cursor') };
  }

  /** The same key gives the same message, however often it is sent. */
  async say(conversation, content, key) {
    const path = `${this.#root}/${conversation}/messages`;
    return (await this.#ask('POST', path, { content }, { 'idempotency-key': key })).said;
  }

  async read(conversation, upTo) {
    await this.#ask('POST', `${this.#root}/${conversation}/read`, { upTo });
  }

  async typing(conversation, typing) {
    await this.#ask('POST', `${this.#root}/${conversation}/typing`, { typing });
  }

  async #ask(method, path, body, more = {}) {
    for (const refused of [false, true]) {
      const headers = { authorization: `Bearer ${await this.token({ refused })}`, ...more };
      if (body) headers['content-type'] = 'application/json';
      const answer = await fetch(path, { method, headers, body: body && JSON.stringify(body) });
      const said = await answer.json().catch(() => null);
      if (answer.ok) return { said, headers: answer.headers };
      if (answer.status !== 401 || refused) throw new Refused(answer.status, said);
    }
  }
}

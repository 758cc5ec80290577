// One person's chat: what is known, and how it changes with what the platform says. Nothing here knows of the page.

import { AvvivoRealtime } from '/dev/chat/avvivo-realtime.js';
import { Rest } from '/dev/chat/rest.js';

/** How long to wait before a message that did not get through is sent again; after the last, a person decides. */
const SEND_AGAIN_MS = [0, 1_000, 3_000, 8_000];
/** How often the other side is told that somebody types: before it is taken for over, which is after six seconds. */
const TYPING_EVERY_MS = 3_000;
/** A stream carries eight topics, and one is the chat. */
const WATCHED = 7;

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** A key that nobody else draws. `crypto.randomUUID` exists only on pages that came encrypted or from this machine. */
const draw = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');

export class Session {
  connection = { state: 'idle' };
  /** Messages that had been missed when the connection came back. */
  missed = 0;
  /** Whether the connection was lost, the last time it was made. */
  wasAway = false;
  /** By id. */
  conversations = new Map();
  /** By conversation: `{ messages, drafts, before, isLoaded }`. */
  threads = new Map();
  /** Channels that are online. */
  online = new Set();
  /** By conversation: until when the other side is taken to type. */
  typing = new Map();
  /** The conversation that somebody looks at. */
  openId = null;
  problem = null;

  #rest;
  #live;
  #tell;
  #isTold = false;
  /** Where, and when, the other side was last told that somebody types. */
  #typed = { id: null, at: 0 };

  constructor(person, changed) {
    this.person = person;
    this.other = person.side === 'CLIENT' ? 'SHOP' : 'CLIENT';
    this.#rest = new Rest(person);
    this.#tell = changed;
  }

  async start() {
    const cursor = await this.#loadConversations();
    const live = new AvvivoRealtime({
      getToken: (asked) => this.#rest.token(asked),
      topics: this.#topics(),
      since: cursor,
    });
    live.on('state', (state) => this.#connectionIs(state));
    live.on('gap', () => this.#attempt(this.#reload()));
    live.on('chat:new_message', (news) => this.#heard(news));
    live.on('chat:unread_update', ({ conversationId, unreadCount }) => this.#change(conversationId, { unreadCount }));
    live.on('chat:read', (read) => this.#wasRead(read));
    live.on('chat:typing', (typing) => this.#types(typing));
    live.on('presence', ({ channel, online }) => this.#isOnline(channel, online));
    this.#live = live;
    live.open();
  }

  stop() {
    this.#live?.close();
    this.#tell = () => {};
  }

  /** The liveliest first. */
  get list() {
    return [...this.conversations.values()].sort((a, b) => b.updatedAt.localeCompare(a.updatedAt));
  }

  get unread() {
    return this.list.reduce((sum, { unreadCount }) => sum + unreadCount, 0);
  }

  isOnline(conversation) {
    return this.online.has(conversation.channel);
  }

  isTyping(id) {
    return (this.typing.get(id) ?? 0) > Date.now();
  }

  /** Begins a conversation with a shop; answers its id. */
  async begin(shopId) {
    const conversation = await this.#rest.open(shopId);
    this.#keep(conversation);
    return conversation.id;
  }

  /** Somebody looks at a conversation, or at none. */
  async look(id) {
    this.openId = id;
    this.problem = null;
    this.#changed();
    if (!id) return;
    await this.#attempt(this.#thread(id).isLoaded ? null : this.older(id));
    await this.markRead();
  }

  /** Loads the page of messages before the first that is known. */
  async older(id) {
    const thread = this.#thread(id);
    const { messages, before } = await this.#rest.messages(id, thread.before);
    messages.forEach((message) => thread.messages.set(message.id, message));
    Object.assign(thread, { before, isLoaded: true });
    this.#changed();
  }

  /** What is on the screen is read. */
  async markRead() {
    const conversation = this.conversations.get(this.openId);
    if (!conversation?.unreadCount || document.visibilityState !== 'visible') return;
    const last = [...this.#thread(this.openId).messages.values()].map(({ sequence }) => sequence);
    await this.#attempt(this.#rest.read(this.openId, Math.max(0, ...last)));
  }

  /** Says something. Messages of a conversation go one after another, so they arrive in the order of their writing. */
  say(id, content) {
    const thread = this.#thread(id);
    const draft = { key: draw(), content, at: new Date().toISOString(), problem: null, isHeard: false };
    thread.drafts.push(draft);
    // The message itself says that the typing is over.
    this.#typed = { id: null, at: 0 };
    this.#changed();
    this.#queue(id, draft);
  }

  sayAgain(id, draft) {
    draft.problem = null;
    this.#changed();
    this.#queue(id, draft);
  }

  /** Somebody is writing, or has stopped. A courtesy: where it is lost, nobody is told. */
  type(id, isTyping) {
    const wasTyping = this.#typed.id === id && Date.now() - this.#typed.at < TYPING_EVERY_MS;
    if (wasTyping === isTyping) return;
    this.#typed = isTyping ? { id, at: Date.now() } : { id: null, at: 0 };
    this.#rest.typing(id, isTyping).catch(() => {});
  }

  /** The messages of a conversation in their order, then what is on its way. */
  written(id) {
    const { messages, drafts } = this.#thread(id);
    const inOrder = [...messages.values()].sort((a, b) => a.sequence - b.sequence);
    return { messages: inOrder, drafts: drafts.filter(({ isHeard }) => !isHeard), before: this.#thread(id).before };
  }

  #queue(id, draft) {
    const thread = this.#thread(id);
    thread.sending = thread.sending.then(() => this.#send(id, draft));
  }

  async #send(id, draft) {
    const thread = this.#thread(id);
    for (const wait of SEND_AGAIN_MS) {
      await sleep(wait);
      try {
        const message = await this.#rest.say(id, draft.content, draft.key);
        thread.drafts.splice(thread.drafts.indexOf(draft), 1);
        thread.messages.set(message.id, message);
        draft.problem = null;
        break;
      } catch (error) {
        draft.problem = error.message;
        if (error.status < 500 && error.status !== 429) break;
      }
    }
    this.#changed();
  }

  #heard({ conversationId, message, conversation }) {
    if (!this.conversations.has(conversationId)) this.#attempt(this.#loadConversations());
    const thread = this.#thread(conversationId);
    const isMine = message.senderType === this.person.side;
    if (isMine) {
      // It may be heard before its own request is answered.
      const draft = thread.drafts.find(({ content, isHeard }) => !isHeard && content === message.content);
      if (draft && !thread.messages.has(message.id)) draft.isHeard = true;
    } else {
      this.typing.delete(conversationId);
    }
    const { state, at } = this.connection;
    if (state === 'open' && message.createdAt <= at && !thread.messages.has(message.id)) this.missed += 1;
    thread.messages.set(message.id, { ...message, isMine });
    this.#change(conversationId, {
      updatedAt: conversation.updatedAt,
      lastMessagePreview: conversation.lastMessagePreview,
    });
    // Whoever answers has read what was said before.
    if (!isMine) this.#otherHasRead(conversationId, message.sequence);
  }

  #wasRead({ conversationId, reader, readTo, unreadCount }) {
    if (reader === this.person.side) this.#change(conversationId, { unreadCount });
    else this.#otherHasRead(conversationId, readTo);
  }

  #otherHasRead(id, place) {
    const known = this.conversations.get(id)?.readToByOther ?? 0;
    this.#change(id, { readToByOther: Math.max(known, place) });
  }

  #types({ conversationId, by, expiresInMs }) {
    if (by === this.person.side) return;
    this.typing.set(conversationId, Date.now() + expiresInMs);
    setTimeout(() => this.#changed(), expiresInMs + 50);
    this.#changed();
  }

  #isOnline(channel, online) {
    if (online) this.online.add(channel);
    else this.online.delete(channel);
    this.#changed();
  }

  #connectionIs(state) {
    if (state.state === 'open') {
      this.missed = 0;
      this.wasAway = this.connection.isAway;
    } else {
      // Who is online is not known while nobody tells.
      this.online.clear();
    }
    const isAway = state.state === 'waiting' || (state.state === 'connecting' && this.connection.isAway);
    this.connection = { ...state, isAway, since: Date.now() };
    this.#changed();
  }

  #change(id, more) {
    const conversation = this.conversations.get(id);
    if (conversation) Object.assign(conversation, more);
    this.#changed();
    if (id === this.openId) this.markRead();
  }

  #keep(conversation) {
    const { shop, client } = conversation;
    const name = shop?.name ?? client.displayName ?? client.email;
    const channel = shop ? `shop:${shop.id}` : `client:${client.authUserId}`;
    const isNew = !this.conversations.has(conversation.id);
    this.conversations.set(conversation.id, { ...conversation, name, channel });
    if (isNew) this.#live?.follow(this.#topics());
    this.#changed();
  }

  async #loadConversations() {
    const { conversations, cursor } = await this.#rest.conversations();
    conversations.forEach((conversation) => this.#keep(conversation));
    return cursor;
  }

  /** The chat, and whether those of the liveliest conversations are there. */
  #topics() {
    return ['chat', ...this.list.slice(0, WATCHED).map(({ channel }) => `presence:${channel}`)];
  }

  async #reload() {
    await this.#loadConversations();
    // What is not on the screen is fetched when it is looked at.
    for (const [id, thread] of this.threads) Object.assign(thread, { isLoaded: false, before: null });
    if (this.openId) await this.older(this.openId);
  }

  /** Whatever goes wrong is told to the person. */
  async #attempt(work) {
    try {
      await work;
    } catch (error) {
      this.problem = error.message;
      this.#changed();
    }
  }

  #thread(id) {
    const none = { messages: new Map(), drafts: [], before: null, isLoaded: false, sending: Promise.resolve() };
    if (!this.threads.has(id)) this.threads.set(id, none);
    return this.threads.get(id);
  }

  /** Once for everything that happens in one go. */
  #changed() {
    if (this.#isTold) return;
    this.#isTold = true;
    queueMicrotask(() => {
      this.#isTold = false;
      this.#tell();
    });
  }
}
